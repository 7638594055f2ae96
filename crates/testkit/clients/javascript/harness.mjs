// What every client here shares: its parameters, `ok` lines, and small readings of tokens. No protocol.

import { readFileSync } from 'node:fs'
import { webcrypto } from 'node:crypto'

const given = process.argv[2] ? JSON.parse(process.argv[2]) : {}
let passed = 0

/** A parameter from the JSON argument or the environment; without a `fallback` it must be there. */
export function parameter(name, fallback) {
  const value = given[name] ?? process.env[name] ?? fallback
  if (value === undefined) throw new Error(`parameter ${name} is missing`)
  return value
}

/** Runs one step; its name is printed when it held, and its failure ends the program. */
export async function check(name, step) {
  try {
    const result = await step()
    passed += 1
    console.log(`ok ${name}`)
    return result
  } catch (error) {
    console.error(`not ok ${name}`)
    console.error(reason(error))
    console.log(`${passed} passed, 1 failed`)
    process.exit(1)
  }
}

/** The steps that have run are all there were. */
export function finished() {
  console.log(`${passed} passed, 0 failed`)
}

export function expect(holds, sentence) {
  if (!holds) throw new Error(sentence)
}

/** Waits for something that must be refused, and gives the refusal. */
export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('was not refused')
}

/** One part of a JWT, unverified: 0 is the header, 1 the claims. */
export function jwtPart(token, index) {
  return JSON.parse(Buffer.from(token.split('.')[index], 'base64url').toString())
}

/** The private key of the `private_key_jwt` client, ready to sign. */
export async function privateKey() {
  const jwk = JSON.parse(readFileSync(parameter('KEY_CLIENT_JWK'), 'utf8'))
  const algorithm = {
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    ES384: { name: 'ECDSA', namedCurve: 'P-384' },
    EdDSA: { name: 'Ed25519' },
  }[jwk.alg]
  expect(algorithm, `the client's key has no known alg: ${jwk.alg}`)
  const key = await webcrypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign'])
  return { key, kid: jwk.kid }
}

function reason(error) {
  const lines = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const told = [cause.error, cause.error_description].filter(Boolean).join(': ')
    lines.push(`${cause.stack ?? cause}${told ? `\n  the server said: ${told}` : ''}`)
  }
  return lines.join('\ncaused by: ')
}
