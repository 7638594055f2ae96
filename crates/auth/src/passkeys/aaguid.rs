//! The makes of authenticators, as far as they are well known: a name to begin with for a new passkey, and nothing else. An
//! AAGUID without an attestation is anybody's word (§6.4.1), so no rule asks for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::secret::TokenHash;

/// Where it stands in the authenticator data (§6.1): behind the hash of the RP ID, the flags and the sign count.
const HASH: usize = 32;
const START: usize = HASH + 1 + 4;
const LENGTH: usize = 16;

/// In the order of the list that the makers of passkey providers keep together, then security keys by maker.
const NAMES: &[(&str, &str)] = &[
    ("bada5566-a7aa-401f-bd96-45619a55120d", "1Password"),
    ("fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "Apple Passwords"),
    ("dd4ec289-e01d-41c9-bb89-70fa845d4bf2", "iCloud Keychain"),
    ("a4a2d88e-9796-4356-9164-e2a5a8bd019c", "Avast Password Manager"),
    ("6bb49926-160a-4306-a100-4eb39ba6ac45", "AVG Password Manager"),
    ("e7db2bd3-f2fe-4d71-ad78-7e7aa166cfd1", "Avira Password Manager"),
    ("a11a5faa-9f32-4b8c-8c5d-2f7d13e8c942", "AliasVault"),
    ("d548826e-79b4-db40-a3d8-11116f7e8349", "Bitwarden"),
    ("adce0002-35bc-c60a-648b-0b25f1f05503", "Chrome on Mac"),
    ("b5397666-4885-aa6b-cebf-e52262a439a2", "Chromium"),
    ("531126d6-e717-415c-9320-3d9aa6981239", "Dashlane"),
    ("de503f9c-21a4-4f76-b4b7-558eb55c6f89", "Devolutions"),
    ("771b48fd-d3d4-4f74-9232-fc157ab0507a", "Edge on Mac"),
    ("f3809540-7f14-49c1-a8b3-8f813b225541", "Enpass"),
    ("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "Google Password Manager"),
    ("a10c6dd9-465e-4226-8198-c7c44b91c555", "Kaspersky Password Manager"),
    ("eaecdef2-1c31-5634-8639-f1cbd9c00a08", "KeePassDX"),
    ("fdb141b2-5d84-443e-8a35-4698c205a502", "KeePassXC"),
    ("0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6", "Keeper"),
    ("b78a0a55-6ef8-d246-a042-ba0f6d55050c", "LastPass"),
    ("90a3ccdf-635c-4729-a248-9b709135078f", "Microsoft Authenticator"),
    ("d3452668-01fd-4c12-926c-83a4204853aa", "Microsoft Password Manager"),
    ("b84e4048-15dc-4dd0-8640-f4f60813c8af", "NordPass"),
    ("fa37f553-f9b6-4adb-ac53-8bbb57ebdf0d", "Norton Password Manager"),
    ("50726f74-6f6e-5061-7373-50726f746f6e", "Proton Pass"),
    ("53414d53-554e-4700-0000-000000000000", "Samsung Pass"),
    ("08987058-cadc-4b81-b6e1-30de50dcbe96", "Windows Hello"),
    ("9ddd1817-af5a-4672-a2b9-3e3dd95000a9", "Windows Hello"),
    ("6028b017-b1d4-4c02-b4b3-afcdafc96bb2", "Windows Hello"),
    ("b35a26b2-8f6e-4697-ab1d-d44db4da28c6", "Zoho Vault"),
    ("cb69481e-8ff7-4039-93ec-0a2729a154a8", "YubiKey 5"),
    ("ee882879-721c-4913-9775-3dfcce97072a", "YubiKey 5"),
    ("19083c3d-8383-4b18-bc03-8f1c9ab2fd1b", "YubiKey 5"),
    ("ff4dac45-ede8-4ec2-aced-cf66103f4335", "YubiKey 5"),
    ("fa2b99dc-9e39-4257-8f92-4a30d23c4118", "YubiKey 5 NFC"),
    ("2fc0579f-8113-47ea-b116-bb5a8db9202a", "YubiKey 5 NFC"),
    ("c5ef55ff-ad9a-4b9f-b580-adebafe026d0", "YubiKey 5Ci"),
    ("a02167b9-ae71-4ac7-9a07-06432ebb6f1c", "YubiKey 5Ci"),
    ("73bb0cd4-e502-49b8-9c6f-b59445bf720b", "YubiKey 5 FIPS"),
    ("c1f9a0bc-1dd2-404a-b27f-8e29047a43fd", "YubiKey 5 NFC FIPS"),
    ("85203421-48f9-4355-9bc8-8a53846e5083", "YubiKey 5Ci FIPS"),
    ("d8522d9f-575b-4866-88a9-ba99fa02f35b", "YubiKey Bio"),
    ("dd86a2da-86a0-4cbe-b462-4bd31f57bc6f", "YubiKey Bio"),
    ("7409272d-1ff9-4e10-9fc9-ac0019c124fd", "YubiKey Bio"),
    ("7d1351a6-e097-4852-b8bf-c9ac5c9ce4a3", "YubiKey Bio"),
    ("90636e1f-ef82-43bf-bdcf-5255f139d12f", "YubiKey Bio"),
    ("34744913-4f57-4e6e-a527-e9ec3c4b94e6", "YubiKey Bio"),
    ("f8a011f3-8c0a-4d15-8006-17111f9edc7d", "Security Key by Yubico"),
    ("b92c3f9a-c014-4056-887f-140a2501163b", "Security Key by Yubico"),
    ("6d44ba9b-f6ec-2e49-b930-0c8fe920cb73", "Security Key NFC by Yubico"),
    ("149a2021-8ef6-4133-96b8-81f8d5b7f1f5", "Security Key NFC by Yubico"),
    ("a4e9fc6d-4cbe-4758-b8ba-37598bb5bbaa", "Security Key NFC by Yubico"),
    ("42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3", "Google Titan Security Key"),
    ("2cd2f727-f6ca-44da-8f48-5c2e5da000a2", "Nitrokey 3"),
];

pub(super) fn name(aaguid: &str) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == aaguid).map(|(_, name)| *name)
}

/// The AAGUID in an attestation object that was verified, as a UUID. `None` when the authenticator does not tell (all zeros).
pub(super) fn of(attestation_object: &[u8], rp_id: &str) -> Option<String> {
    // The authenticator data is a byte string in there, and begins with a hash that was compared.
    let hash = URL_SAFE_NO_PAD.decode(TokenHash::of(rp_id.as_bytes()).as_str()).ok()?;
    let data = attestation_object.windows(HASH).position(|window| window == hash)?;
    let bytes = attestation_object.get(data + START..data + START + LENGTH)?;
    bytes.iter().any(|byte| *byte != 0).then(|| uuid(bytes))
}

/// RFC 9562 §4.
fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_is_a_uuid_that_stands_there_once() {
        let mut seen = HashSet::new();
        for (aaguid, name) in NAMES {
            let shape = aaguid.bytes().enumerate().all(|(position, byte)| match position {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
            assert!(shape && aaguid.len() == 36 && seen.insert(aaguid), "{aaguid} {name}");
        }
    }

    #[test]
    fn the_aaguid_is_found_behind_hash_flags_and_count() {
        let hash = URL_SAFE_NO_PAD.decode(TokenHash::of(b"example.com").as_str()).expect("base64url");
        let aaguid: Vec<u8> = (0x10..0x20).collect();
        let object = [&[0xa3, 0x63][..], &hash, &[0x45, 0, 0, 0, 1], &aaguid, &[0, 16]].concat();
        assert_eq!(of(&object, "example.com").as_deref(), Some("10111213-1415-1617-1819-1a1b1c1d1e1f"));
        assert_eq!(of(&object, "example.org"), None);
        assert_eq!(of(&object[..50], "example.com"), None, "cut off");
        let silent = [&hash[..], &[0x45, 0, 0, 0, 1], &[0; 16]].concat();
        assert_eq!(of(&silent, "example.com"), None);
    }
}
