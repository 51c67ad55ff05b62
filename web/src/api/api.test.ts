import { renderHook } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { problemOfForm } from '../ui/form'
import { call } from './http'
import { ApiError, sentenceOf } from './problem'
import { useSubmission } from './submission'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a call', () => {
  it('sends its idempotency key, and none when it has none', async () => {
    const keys: (string | null)[] = []
    vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
      keys.push(new Headers(init.headers).get('Idempotency-Key'))
      return new Response('{}')
    })
    await call('/x', { method: 'POST', body: {}, idempotencyKey: 'k1' })
    await call('/x', { method: 'POST', body: {} })
    expect(keys).toEqual(['k1', null])
  })

  it('fails with every broken rule, by its place in the body', async () => {
    vi.stubGlobal(
      'fetch',
      async () =>
        new Response(
          JSON.stringify({
            code: 'invalid',
            detail: 'Correct the fields.',
            errors: [
              { location: 'body.email', message: 'must be one' },
              { location: 7 },
              { message: 'no place' },
            ],
          }),
          { status: 422, headers: { 'Retry-After': '30', 'X-Request-Id': 'r1' } },
        ),
    )
    await expect(call('/x')).rejects.toMatchObject({
      status: 422,
      message: 'Correct the fields.',
      retryAfter: 30,
      requestId: 'r1',
      fields: [{ location: 'email', message: 'must be one' }],
    })
  })
})

describe('the key of a submission', () => {
  it.each([
    ['no answer', new ApiError(0, 'unreachable', 'x'), true],
    ['a fault of the server', new ApiError(503, 'unavailable', 'x'), true],
    ['the first try still being done', new ApiError(409, 'conflict', 'x', { retryAfter: 2 }), true],
    ['a refusal', new ApiError(409, 'conflict', 'x'), false],
    ['a broken rule', new ApiError(422, 'invalid', 'x'), false],
  ])('after %s', (_, error, kept) => {
    const { result } = renderHook(useSubmission)
    const first = result.current.keyOf('same')
    result.current.settled(error)
    expect(result.current.keyOf('same') === first).toBe(kept)
  })

  it('is kept for the same text, and new for another and after success', () => {
    const { result } = renderHook(useSubmission)
    const first = result.current.keyOf({ name: 'a' })
    expect(result.current.keyOf({ name: 'a' })).toBe(first)
    const second = result.current.keyOf({ name: 'b' })
    expect(second).not.toBe(first)
    result.current.settled()
    expect(result.current.keyOf({ name: 'b' })).not.toBe(second)
  })
})

describe('what a person is told', () => {
  it.each([
    [new ApiError(0, 'unreachable', 'x'), /could not be reached/],
    [new ApiError(429, 'rate_limited', 'x', { retryAfter: 40 }), /Try again in 40 seconds/],
    [new ApiError(409, 'conflict', 'The owner cannot leave.'), /^The owner cannot leave\.$/],
    [new ApiError(404, 'unknown', 'The server answered 404.'), /^That did not work/],
    [new ApiError(500, 'internal', 'stack trace', { requestId: 'r9' }), /^That did not work.*r9$/],
    [new TypeError('x is undefined'), /^That did not work/],
  ])('of %s', (error, text) => {
    expect(sentenceOf(error)).toMatch(text)
  })

  it('is beside the field where there is one, and above the form where there is none', () => {
    const error = new ApiError(422, 'invalid', 'Correct the fields.', {
      fields: [
        { location: 'email', message: 'must be an address' },
        { location: 'ipAllow[2]', message: 'must be a network' },
        { location: 'ipAllow', message: 'may list at most 20.' },
        { location: 'other', message: 'is unknown' },
      ],
    })
    expect(problemOfForm(error, ['email', 'ipAllow'])).toEqual({
      of: { email: 'Must be an address.', ipAllow: 'Line 3 must be a network. May list at most 20.' },
      general: 'Correct the fields. Is unknown.',
    })
    expect(problemOfForm(error, ['email', 'ipAllow', 'other']).general).toBeUndefined()
    expect(problemOfForm(undefined, ['email'])).toEqual({ of: {}, general: undefined })
  })
})
