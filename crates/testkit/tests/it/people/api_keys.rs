//! API keys: made, shown once, used, replaced and revoked.

super::flows! { "api-keys", super::notes::WITH_API;
    a_key_is_made_used_replaced_and_revoked
    a_key_counts_only_from_its_networks
    what_is_wrong_with_a_key_is_named
    a_key_needs_a_fresh_sign_in
}
