// jose as the validator of an API: reads a corpus of tokens, answers with its verdict about each: null, or why it refuses.
// See tests/it/token_corpus.

import { json } from 'node:stream/consumers'
import { createLocalJWKSet, jwtVerify } from 'jose'

const { issuer, audience, typ, leeway, now, algorithms, required, sets, tokens } = await json(process.stdin)
const options = {
  issuer, audience, typ, algorithms, requiredClaims: required, clockTolerance: leeway, currentDate: new Date(now * 1000),
}
const verdicts = {}
for (const { name, set, token } of tokens) {
  try {
    await jwtVerify(token, createLocalJWKSet(sets[set]), options)
    verdicts[name] = null
  } catch (error) {
    verdicts[name] = `${error.code ?? error.name}: ${error.message}`
  }
}
console.log(JSON.stringify(verdicts))
