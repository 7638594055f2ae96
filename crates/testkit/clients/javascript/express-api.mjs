// An API on Express, protected by express-oauth2-jwt-bearer as its README shows. Says where it listens; runs until stdin ends.
// `AUDIENCES`: from the path to the audience whose tokens are accepted there; below it, under `strict`, only by RFC 9068.

import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { parameter } from './harness.mjs'
import { serve } from './serve.mjs'

const issuerBaseURL = parameter('ISSUER')
const app = express().set('env', 'production')
for (const [path, audience] of Object.entries(parameter('AUDIENCES'))) {
  for (const [mode, strict] of [['', false], ['/strict', true]]) {
    const protect = auth({ issuerBaseURL, audience, strict })
    app.get(`/${path}${mode}`, protect, (request, response) => response.set('x-subject', request.auth.payload.sub).send('inside'))
  }
}
await serve(() => app)
