import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../api/problem'
import { Session } from './session'

const now = Date.parse('2026-11-24T10:00:00Z')

function grant(token: string, minutes = 15) {
  return {
    accessToken: token,
    expiresAt: new Date(Date.now() + minutes * 60_000).toISOString(),
    account: { id: 'acc_1', name: 'Demo', timeZone: 'America/Denver', currency: 'USD' },
    member: {
      id: 'u1',
      email: 'a@example.test',
      name: 'A',
      role: 'owner',
      grants: { 'record:read': 'account' },
    },
  }
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
}

type Handler = (request: {
  path: string
  method: string
  token: string | null
}) => Response | Promise<Response>

function serve(handler: Handler) {
  const seen: string[] = []
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    seen.push(`${init.method} ${path}`)
    return handler({
      path,
      method: init.method ?? 'GET',
      token: new Headers(init.headers).get('Authorization'),
    })
  })
  return seen
}

beforeEach(() => {
  vi.useFakeTimers({ now })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('Session', () => {
  it('resumes by the cookie and says who is signed in', async () => {
    serve(() => json(grant('t1')))
    const session = new Session()
    await session.start()
    expect(session.state).toMatchObject({
      status: 'signedIn',
      account: { name: 'Demo' },
      member: { role: 'owner' },
    })
  })

  it('is signed out when there was no session', async () => {
    serve(() => json({ code: 'unauthenticated' }, 401))
    const session = new Session()
    await session.start()
    expect(session.state).toEqual({ status: 'signedOut', why: 'none' })
  })

  it('tells who was signed in before why they no longer are', async () => {
    serve(() => json(grant('t1')))
    await new Session().start()
    serve(() => json({ code: 'unauthenticated', detail: 'The session has expired.' }, 401))
    const next = new Session()
    await next.start()
    expect(next.state).toEqual({ status: 'signedOut', why: 'ended', reason: 'The session has expired.' })
    const third = new Session()
    await third.start()
    expect(third.state).toEqual({ status: 'signedOut', why: 'none' })
  })

  it('tells nothing to who left', async () => {
    serve(({ method }) => (method === 'DELETE' ? new Response(null, { status: 204 }) : json(grant('t1'))))
    const session = new Session()
    await session.start()
    await session.signOut()
    serve(() => json({ code: 'unauthenticated', detail: 'There is no session.' }, 401))
    const next = new Session()
    await next.start()
    expect(next.state).toEqual({ status: 'signedOut', why: 'none' })
  })

  it('is fresh for a moment after a sign-in, and not when it was resumed', async () => {
    serve(() => json(grant('t1')))
    const session = new Session()
    await session.start()
    expect(session.isFresh).toBe(false)
    await session.open('id-token')
    expect(session.isFresh).toBe(true)
    vi.setSystemTime(now + 60_000)
    expect(session.isFresh).toBe(false)
  })

  it('tells an unreachable server from a refusal', async () => {
    serve(() => Promise.reject(new TypeError('down')))
    const session = new Session()
    await session.start()
    expect(session.state.status).toBe('unreachable')
  })

  it('refreshes once for many calls refused at the same time, and repeats each', async () => {
    let token = 't1'
    const seen = serve(({ path, token: sent }) => {
      if (path.endsWith('/refresh')) return json(grant(token))
      return sent === `Bearer ${token}` ? json({ ok: token }) : json({ code: 'unauthenticated' }, 401)
    })
    const session = new Session()
    await session.start()
    token = 't2'
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => session.fetch(`/api/v1/clients/${i}`)),
    )
    expect(answers).toEqual(Array.from({ length: 12 }, () => ({ ok: 't2' })))
    expect(seen.filter(line => line.endsWith('/refresh'))).toHaveLength(2)
  })

  it('refreshes before use when the token is about to die', async () => {
    let issued = 0
    const seen = serve(({ path }) => (path.endsWith('/refresh') ? json(grant(`t${++issued}`)) : json({})))
    const session = new Session()
    await session.start()
    vi.setSystemTime(now + 14.9 * 60_000)
    await Promise.all([session.fetch('/api/v1/jobs'), session.fetch('/api/v1/visits')])
    expect(seen).toEqual([
      'POST /api/v1/session/refresh',
      'POST /api/v1/session/refresh',
      'GET /api/v1/jobs',
      'GET /api/v1/visits',
    ])
  })

  it('renews by itself before the token dies', async () => {
    let issued = 0
    serve(() => json(grant(`t${++issued}`)))
    const session = new Session()
    await session.start()
    await vi.advanceTimersByTimeAsync(14 * 60_000)
    expect(issued).toBe(2)
    expect(await session.freshToken()).toBe('t2')
  })

  it('repeats a refused call once only', async () => {
    const seen = serve(({ path }) =>
      path.endsWith('/refresh') ? json(grant('t')) : json({ code: 'unauthenticated' }, 401),
    )
    const session = new Session()
    await session.start()
    await expect(session.fetch('/api/v1/jobs')).rejects.toMatchObject({ status: 401 })
    expect(seen.filter(line => line === 'GET /api/v1/jobs')).toHaveLength(2)
  })

  it('ends when the refresh is refused, and tells its listeners', async () => {
    let alive = true
    serve(({ path }) => {
      if (!alive) return json({ code: 'unauthenticated', detail: 'An old token was used again.' }, 401)
      return path.endsWith('/refresh') ? json(grant('t1')) : json({})
    })
    const session = new Session()
    await session.start()
    const told = vi.fn()
    session.subscribe(told)
    alive = false
    await expect(session.fetch('/api/v1/jobs')).rejects.toBeInstanceOf(ApiError)
    expect(session.state).toEqual({
      status: 'signedOut',
      why: 'ended',
      reason: 'An old token was used again.',
    })
    expect(told).toHaveBeenCalledTimes(1)
  })

  it('stays signed in while the network is away during a renewal', async () => {
    let away = false
    let issued = 0
    serve(() => (away ? Promise.reject(new TypeError('away')) : json(grant(`t${++issued}`))))
    const session = new Session()
    await session.start()
    away = true
    await vi.advanceTimersByTimeAsync(14.2 * 60_000)
    expect(session.state.status).toBe('signedIn')
    away = false
    await vi.advanceTimersByTimeAsync(6_000)
    expect(await session.freshToken()).toBe('t2')
  })

  it('forgets the token at sign-out even when the server cannot be told', async () => {
    serve(({ method }) => (method === 'DELETE' ? Promise.reject(new TypeError('away')) : json(grant('t1'))))
    const session = new Session()
    await session.start()
    await expect(session.signOut()).rejects.toMatchObject({ status: 0 })
    expect(session.state).toEqual({ status: 'signedOut', why: 'left' })
  })
})
