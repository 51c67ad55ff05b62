import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { call } from './http'
import { limitsOf, Pace, pace } from './pace'

const told = (limit?: string, policy?: string) => {
  const headers = new Headers()
  if (limit !== undefined) headers.set('RateLimit', limit)
  if (policy !== undefined) headers.set('RateLimit-Policy', policy)
  return headers
}

describe('limitsOf', () => {
  it('reads what the server sends', () => {
    const headers = told(
      '"user";r=50;t=30, "account";r=4950;t=60',
      '"user";q=100;w=60, "account";q=5000;w=60',
    )
    expect(limitsOf(headers)).toEqual([
      { remaining: 50, quota: 100, unitMs: 600 },
      { remaining: 4950, quota: 5000, unitMs: 12 },
    ])
  })

  it('makes do without the policy', () => {
    expect(limitsOf(told('"user";r=10;t=20'))).toEqual([{ remaining: 10, quota: 10, unitMs: 2000 }])
    expect(limitsOf(told('"user";r=0;t=3'))).toEqual([{ remaining: 0, quota: 1, unitMs: 3000 }])
  })

  it.each([
    ['nothing', undefined],
    ['an empty field', ''],
    ['no parameter', '"user"'],
    ['an older draft', 'limit=100, remaining=50, reset=30'],
    ['a token for a name', 'user;r=50;t=30'],
    ['no number', '"user";r=many;t=30'],
    ['a negative number', '"user";r=-5;t=30'],
    ['a fraction', '"user";r=1.5;t=30'],
  ])('says nothing of %s', (_, field) => {
    expect(limitsOf(told(field, '"user";q=100;w=60'))).toEqual([])
  })

  it('takes other parameters and spaces as they come', () => {
    const headers = told('"user";pk=:YQ==:;r=5;t=3;x-note="a"', '"user"; q=10; w=60;qu="requests"')
    expect(limitsOf(headers)).toEqual([{ remaining: 5, quota: 10, unitMs: 6000 }])
  })
})

describe('Pace', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-11-24T10:00:00Z') })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  const policy = '"user";q=100;w=60, "account";q=5000;w=60'

  it('waits for nothing while nothing is known', () => {
    expect(new Pace().wait(10, 0.25)).toBe(0)
  })

  it('waits until the requests leave their share, and less as time goes by', () => {
    const p = new Pace()
    p.note(told('"user";r=40;t=24, "account";r=5000;t=60', policy))
    expect(p.wait(6, 0.25)).toBe(0)
    p.note(told('"user";r=20;t=12, "account";r=5000;t=60', policy))
    expect(p.wait(6, 0)).toBe(0)
    expect(p.wait(6, 0.25)).toBe(11 * 600)
    vi.advanceTimersByTime(6_000)
    expect(p.wait(6, 0.25)).toBe(600)
    vi.advanceTimersByTime(600)
    expect(p.wait(6, 0.25)).toBe(0)
  })

  it('goes by the tightest limit', () => {
    const p = new Pace()
    p.note(told('"account";r=0;t=1, "user";r=90;t=54', policy))
    expect(p.wait(10, 0)).toBe(10 * 12)
  })

  it('never waits for more than a full quota', () => {
    const p = new Pace()
    p.note(told('"user";r=0;t=1', policy))
    expect(p.wait(5_000, 0.25)).toBe(100 * 600)
  })

  it('keeps what it knows when an answer tells nothing', () => {
    const p = new Pace()
    p.note(told('"user";r=0;t=1', policy))
    p.note(told())
    expect(p.wait(1, 0)).toBe(600)
    expect(p.answers).toBe(2)
  })

  it('hears of what a signed-in person reads, also of a refusal', async () => {
    const answers = [
      new Response('{}', { headers: told('"user";r=7;t=5', policy) }),
      new Response('{}', { status: 429, headers: told('"user";r=0;t=1', policy) }),
      new Response('{}', { headers: told('"ip-write";r=0;t=1', '"ip-write";q=1;w=60') }),
      new Response('{}', { headers: told('"write";r=0;t=1', '"write";q=1;w=60') }),
    ]
    vi.stubGlobal('fetch', async () => answers.shift())
    const before = pace.answers
    await call('/api/v1/me', { token: 't' })
    expect(pace.wait(8, 0)).toBe(600)
    await expect(call('/api/v1/me', { token: 't' })).rejects.toMatchObject({ status: 429 })
    expect(pace.wait(1, 0)).toBe(600)
    await call('/api/v1/session/refresh', { method: 'POST' })
    await call('/api/v1/things', { method: 'POST', token: 't' })
    expect(pace.wait(1, 0)).toBe(600)
    expect(pace.answers - before).toBe(2)
  })
})
