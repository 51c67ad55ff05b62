import { type Answer, type Call, call } from '../api/http'
import { ApiError } from '../api/problem'
import type { Account, Member, SessionGrant } from '../api/types'

export type SessionState =
  | { status: 'starting' }
  | { status: 'unreachable'; error: ApiError }
  /** `reason` is the server's sentence about a session that ended by itself. */
  | { status: 'signedOut'; why: 'none' | 'ended' | 'left'; reason?: string }
  | { status: 'signedIn'; account: Account; member: Member }

/** Renew this long before the access token dies. */
const renewBeforeMs = 60_000
const retryMs = 5_000
/** How long after a sign-in the news of it may still be on its way. */
const newsMs = 15_000

/**
 * The one holder of the access token, which lives in memory only. The refresh cookie is HttpOnly: this code never sees it.
 *
 * Refreshing rotates the cookie and using an old one ends the session, so at most one refresh runs at a time: one promise
 * within this tab, one lock across the browser's tabs.
 */
export class Session {
  #state: SessionState = { status: 'starting' }
  #token = ''
  #expiresAt = 0
  #openedAt = Number.NEGATIVE_INFINITY
  #refreshing: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #listeners = new Set<() => void>()
  #otherTabs =
    typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('fieldboard-session')

  constructor() {
    this.#otherTabs?.addEventListener('message', message => {
      if (message.data === 'signed-out') this.#end('left')
    })
  }

  get state(): SessionState {
    return this.#state
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  snapshot = (): SessionState => this.#state

  /** Resumes the session of the refresh cookie, if there is one. Never fails: see `state`. */
  async start(): Promise<void> {
    try {
      await this.refresh()
    } catch (error) {
      if (this.#state.status === 'starting' || this.#state.status === 'unreachable') {
        this.#set({ status: 'unreachable', error: asApiError(error) })
      }
    }
  }

  /** Opens a session with a Firebase ID token. */
  async open(idToken: string): Promise<void> {
    const answer = await call<SessionGrant>('/api/v1/session', { method: 'POST', body: { idToken } })
    this.#openedAt = Date.now()
    this.#accept(answer)
  }

  /** Whether it was opened here a moment ago, so that news of a sign-in is news of this one. */
  get isFresh(): boolean {
    return Date.now() - this.#openedAt < newsMs
  }

  async signOut(): Promise<void> {
    const token = this.#token
    this.#end('left')
    this.#otherTabs?.postMessage('signed-out')
    await call('/api/v1/session', { method: 'DELETE', token })
  }

  /** A token that is good for at least a few seconds. */
  async freshToken(): Promise<string> {
    if (Date.now() > this.#expiresAt - 10_000) await this.refresh()
    return this.#token
  }

  /** An authorised call; a token refused mid-life is renewed once and the call repeated. */
  async fetch<T>(path: string, options: Call = {}): Promise<T> {
    const token = await this.freshToken()
    try {
      return (await call<T>(path, { ...options, token })).body
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      if (this.#token === token) await this.refresh()
      return (await call<T>(path, { ...options, token: this.#token })).body
    }
  }

  /** Renews the access token. Calls made while one is under way share its outcome. */
  refresh(): Promise<void> {
    this.#refreshing ??= exclusively(() => this.#renew()).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #renew(): Promise<void> {
    try {
      this.#accept(await call<SessionGrant>('/api/v1/session/refresh', { method: 'POST' }))
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        const had = this.#state.status === 'signedIn' || wasSignedIn.read()
        if (had) this.#end('ended', error.code === 'unknown' ? undefined : error.message)
        else this.#end('none')
      }
      throw error
    }
  }

  #accept({ body, clockSkew }: Answer<SessionGrant>): void {
    this.#token = body.accessToken
    this.#expiresAt = Date.parse(body.expiresAt) - clockSkew
    this.#schedule(this.#expiresAt - Date.now() - renewBeforeMs)
    wasSignedIn.write(true)
    this.#set({ status: 'signedIn', account: body.account, member: body.member })
  }

  #schedule(inMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => {
        this.refresh().catch(() => {
          // Signed out is already told by the state; otherwise the network is away, and the next call or turn tries again.
          if (this.#state.status === 'signedIn') this.#schedule(retryMs)
        })
      },
      Math.max(inMs, retryMs),
    )
  }

  #end(why: 'none' | 'ended' | 'left', reason?: string): void {
    clearTimeout(this.#timer)
    this.#token = ''
    this.#expiresAt = 0
    wasSignedIn.write(false)
    this.#set({ status: 'signedOut', why, ...(reason ? { reason } : {}) })
  }

  #set(state: SessionState): void {
    if (same(this.#state, state)) return
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

/**
 * Whether this browser has a session that nobody left. The cookie itself cannot be seen, and only somebody who was signed in
 * is told why they no longer are.
 */
const wasSignedIn = {
  read(): boolean {
    try {
      return localStorage.getItem('fieldboard-signed-in') === 'yes'
    } catch {
      return false
    }
  },
  write(value: boolean): void {
    try {
      if (value) localStorage.setItem('fieldboard-signed-in', 'yes')
      else localStorage.removeItem('fieldboard-signed-in')
    } catch {
      // Storage can be blocked; then the sign-in page says nothing of a session before.
    }
  },
}

function same(a: SessionState, b: SessionState): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'unexpected', String(error))
}

function exclusively(work: () => Promise<void>): Promise<void> {
  // Locks exist only in secure contexts; without them a second tab may have to sign in again.
  if (!globalThis.navigator?.locks) return work()
  return navigator.locks.request('fieldboard-session', work) as Promise<void>
}
