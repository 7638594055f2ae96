// Keys of clients, and the place where they publish what the server fetches. No protocol.

import { exportJWK, generateKeyPair } from 'jose'
import { parameter } from './harness.mjs'

/** Every algorithm that the server signs with, and accepts of clients. */
export const SIGNING = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']

/** Every way to encrypt to a client: `alg`, a key for it, `enc`. */
export const ENCRYPTION = [['RSA-OAEP-256'], ['ECDH-ES', 'P-256'], ['ECDH-ES', 'X25519']].flatMap(([alg, crv]) =>
  ['A128CBC-HS256', 'A256CBC-HS512', 'A128GCM', 'A256GCM'].map((enc) => ({ alg, crv, enc })))

let made = 0

async function pair(alg, use, options) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...options })
  made += 1
  const kid = `${alg}-${made}`
  return { key: privateKey, kid, alg, jwk: { ...(await exportJWK(publicKey)), kid, use, alg } }
}

export const signer = (alg) => pair(alg, 'sig')

const decrypters = new Map()

/** One for each `alg` and curve: RSA keys are dear, and how the content is encrypted does not concern them. */
export async function decrypter({ alg, crv }) {
  const name = `${alg} ${crv}`
  if (!decrypters.has(name)) decrypters.set(name, await pair(alg, 'enc', { crv }))
  return decrypters.get(name)
}

export const jwks = (...pairs) => ({ keys: pairs.map((one) => one.jwk) })

/** Lays a document where the server can fetch it; gives the address. */
export async function publish(path, type, document) {
  const url = `${parameter('SHELF')}${path}`
  const body = typeof document === 'string' ? document : JSON.stringify(document)
  const response = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body })
  if (!response.ok) throw new Error(`${url} was not published: ${response.status}`)
  return url
}

/** An answer in which somebody exchanged one letter of one parameter on the way; not the last, which may stand for no whole bit. */
export function exchanged(received, name) {
  const answer = new URLSearchParams(received.hash.slice(1))
  const value = answer.get(name)
  answer.set(name, value.slice(0, -10) + (value.at(-10) === 'A' ? 'B' : 'A') + value.slice(-9))
  received.hash = answer
  return received
}
