// Who sent a callback and what it says: `../reading.py` in JavaScript.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { parse } from 'node:querystring'

const RANKS = { queued: 10, processing: 20, sending: 30, receiving: 30 }
const FINAL = 50
const FAXPLUS = {
  success: 'delivered',
  in_progress: 'receiving',
  partially_sent: 'partial',
  partially_received: 'partial',
  failed_user_busy: 'busy',
  failed_no_answer: 'no-answer'
}
const { PUBLIC_URL, SIGNING_KEY, SIGNALWIRE_TOKEN, FAXPLUS_TOKEN } = process.env
const TOKENS = { signalwire: SIGNALWIRE_TOKEN, faxplus: FAXPLUS_TOKEN }

// What was said by somebody who knows the token, and the key where there is one; else null.
export function read (provider, token, signature, body) {
  if (!same(token, TOKENS[provider] ?? '')) return null
  if (provider === 'signalwire') {
    return readForm(`${PUBLIC_URL}/hooks/signalwire/${token}`, signature, body)
  }
  return readJson(body)
}

function readForm (url, signature, body) {
  const fields = parse(body.toString())
  let signed = url
  for (const name of Object.keys(fields).sort()) signed += name + fields[name]
  const made = createHmac('sha1', SIGNING_KEY).update(signed).digest('base64')
  if (!same(signature, made)) return null
  const { FaxSid, FaxStatus, NumPages, From, To } = fields
  const rank = RANKS[FaxStatus] ?? FINAL
  const pages = NumPages ? Number(NumPages) : null
  return [digest(body), 'signalwire', body, FaxSid, FaxStatus, rank, pages, From, To]
}

function readJson (body) {
  const { data } = JSON.parse(body)
  const status = FAXPLUS[data.status] ?? 'failed'
  const rank = RANKS[status] ?? FINAL
  return [digest(body), 'faxplus', body, data.id, status, rank, data.pages, data.from, data.to]
}

function digest (body) {
  return createHash('sha256').update(body).digest()
}

function same (one, other) {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}
