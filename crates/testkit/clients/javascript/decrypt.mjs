// jose against `jwt::encrypt`: makes the keys of a client, prints the public ones as a key set, reads what was encrypted to them,
// decrypts and verifies it. JSON in each direction; see tests/it/encryption.rs.

import { json } from 'node:stream/consumers'
import { compactDecrypt, createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { check, expect, finished } from './harness.mjs'

const wanted = [['RSA-OAEP-256', 'RSA'], ...['P-256', 'P-384', 'P-521', 'X25519'].map((crv) => ['ECDH-ES', crv])]
const keys = new Map()
const published = []
for (const [alg, kid] of wanted) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { crv: kid, extractable: true })
  keys.set(kid, privateKey)
  published.push({ ...(await exportJWK(publicKey)), kid, use: 'enc', alg })
}
console.log(JSON.stringify({ keys: published }))

const { signers, claims, tokens } = await json(process.stdin)
for (const { name, alg, enc, cty, token } of tokens) {
  await check(name, async () => {
    const choose = (header) => keys.get(header.kid)
    const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }
    const { plaintext, protectedHeader } = await compactDecrypt(token, choose, options)
    expect(protectedHeader.cty === cty, `cty is ${protectedHeader.cty}`)
    const text = new TextDecoder().decode(plaintext)
    const read = cty === 'JWT' ? (await jwtVerify(text, createLocalJWKSet(signers))).payload : JSON.parse(text)
    expect(JSON.stringify(read) === JSON.stringify(claims), `the claims are ${JSON.stringify(read)}`)
  })
}
finished()
