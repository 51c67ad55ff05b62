import type { SignInProvider } from '../api/types'
import { callbackPath } from './answer'

// Signing in at an OpenID provider: the browser goes there and comes back with an ID token behind the # of the address
// (https://openid.net/specs/openid-connect-core-1_0.html#ImplicitFlowAuth). No script, frame or window of theirs is needed.

/** What somebody was about to do when they left for the provider. */
export interface Purpose {
  /** Where to go in Fieldboard once signed in. */
  next?: string
  /** The token of an invitation that is to be accepted. */
  invitation?: string
}

export interface Departure extends Purpose {
  provider: Pick<SignInProvider, 'id' | 'name'>
  /** Comes back with the answer: it shows that this tab asked for it. */
  state: string
  /** Its hash is in the ID token: it shows that the token was made for this one sign-in. */
  nonce: string
  at: number
}

const storageKey = 'fieldboard-departure'
const lastsMs = 15 * 60_000

/** Leaves for the provider. Fails with an Error whose message is fit to show. */
export async function leaveFor(provider: SignInProvider, purpose: Purpose): Promise<void> {
  const { id, name } = provider
  const departure: Departure = {
    ...purpose,
    provider: { id, name },
    state: random(),
    nonce: random(),
    at: Date.now(),
  }
  const address = await addressOf(provider, departure, location.origin)
  try {
    // It outlives the way there and back, in this tab alone.
    sessionStorage.setItem(storageKey, JSON.stringify(departure))
  } catch (cause) {
    throw new Error(`This browser keeps nothing for this page, which ${name} needs. Use your password.`, {
      cause,
    })
  }
  location.assign(address)
}

export async function addressOf(
  { authorizationUrl, clientId }: SignInProvider,
  { state, nonce }: Pick<Departure, 'state' | 'nonce'>,
  origin: string,
): Promise<string> {
  const address = new URL(authorizationUrl)
  const parameters = {
    response_type: 'id_token',
    response_mode: 'fragment',
    scope: 'openid email profile',
    client_id: clientId,
    redirect_uri: origin + callbackPath,
    state,
    // Firebase compares the token's nonce with the hash of the one that it is told.
    nonce: await sha256(nonce),
    prompt: 'select_account',
  }
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
  return address.href
}

export type Outcome =
  | { idToken: string; departure: Departure }
  /**
   * `denied`: cancelled at the provider. `stale`: there is no departure, or one of long ago. `foreign`: the answer to
   * another one. `broken`: the provider failed.
   */
  | { problem: 'denied' | 'stale' | 'foreign' | 'broken'; departure?: Departure }

/** What became of the departure by the provider's answer. A departure counts once, whatever the answer. */
export async function arrive(answer: URLSearchParams, now = Date.now()): Promise<Outcome> {
  const departure = takeDeparture()
  if (!departure) return { problem: 'stale' }
  if (now - departure.at > lastsMs || [...answer].length === 0) return { problem: 'stale', departure }
  if (answer.get('state') !== departure.state) return { problem: 'foreign', departure }
  const error = answer.get('error')
  if (error) return { problem: error === 'access_denied' ? 'denied' : 'broken', departure }
  const idToken = answer.get('id_token')
  const nonce = idToken && nonceOf(idToken)
  if (!nonce) return { problem: 'broken', departure }
  if (nonce !== (await sha256(departure.nonce))) return { problem: 'foreign', departure }
  return { idToken, departure }
}

function takeDeparture(): Departure | undefined {
  try {
    const text = sessionStorage.getItem(storageKey)
    sessionStorage.removeItem(storageKey)
    return text ? (JSON.parse(text) as Departure) : undefined
  } catch {
    return undefined
  }
}

/** The nonce of an ID token, whose signature is Firebase's to check. */
function nonceOf(idToken: string): string | undefined {
  try {
    const payload = idToken.split('.')[1] ?? ''
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), char =>
      char.charCodeAt(0),
    )
    const { nonce } = JSON.parse(new TextDecoder().decode(bytes)) as { nonce?: unknown }
    return typeof nonce === 'string' ? nonce : undefined
  } catch {
    return undefined
  }
}

/** 256 bits that nobody can guess. */
function random(): string {
  return hex(crypto.getRandomValues(new Uint8Array(32)))
}

async function sha256(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
