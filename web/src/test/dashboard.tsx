import { MantineProvider } from '@mantine/core'
import { Notifications, notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router'
import { render } from '@testing-library/react'
import { vi } from 'vitest'
import { newQueryClient } from '../api/client'
import type { FieldProblem } from '../api/problem'
import type { Grants, Permission, Role } from '../api/types'
import { newRouter } from '../router'
import { SessionProvider } from '../session/context'
import { Session } from '../session/session'

export type Answer = (url: URL, init: RequestInit) => unknown

/** An answer that is a problem. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly detail = 'No.',
    readonly more: { code?: string; errors?: FieldProblem[]; retryAfter?: number } = {},
  ) {}
}

/** The answer to what succeeds and says nothing. */
export const nothing = null

export interface Asked {
  line: string
  body: unknown
  idempotencyKey: string | null
}

interface Options {
  role?: Role
  signedIn?: boolean
}

/**
 * The dashboard at an address, signed in with these permissions, over an API that answers by path, or by method and path
 * where that is given.
 */
export async function open(
  path: string,
  permissions: Permission[] | Grants,
  answers: Record<string, Answer>,
  { role = 'owner', signedIn = true }: Options = {},
) {
  // What was told in the test before is still shown, and the next waits until it has gone.
  notifications.clean()
  notifications.cleanQueue()
  const sent: Asked[] = []
  /** The requests so far, as `GET /api/v1/visits?limit=1`. */
  const asked: string[] = []
  const grants = Array.isArray(permissions)
    ? Object.fromEntries(permissions.map(permission => [permission, 'account']))
    : permissions
  const grant = () => ({
    accessToken: 't',
    expiresAt: new Date(Date.now() + 900_000).toISOString(),
    account: { id: 'acc_1', name: 'Demo', timeZone: 'America/Denver', currency: 'USD' },
    member: { id: 'u', email: 'dana@example.test', name: 'Dana', role, grants },
  })
  const known: Record<string, Answer> = {
    '/api/v1/session/refresh': () => (signedIn ? grant() : new Refusal(401, 'There is no session. Sign in.')),
    'POST /api/v1/session': grant,
    'DELETE /api/v1/session': () => nothing,
    '/api/v1/config': () => ({
      firebase: { apiKey: '', authDomain: '', projectId: '' },
      realtimeUrl: 'http://live.test',
    }),
    '/api/v1/dashboard/activity': () => ({ items: [] }),
    '/api/v1/visits': () => ({ items: [] }),
    ...answers,
  }
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    const url = new URL(input, 'http://localhost')
    const line = `${init.method} ${url.pathname}${url.search}`
    asked.push(line)
    sent.push({
      line,
      body: typeof init.body === 'string' ? JSON.parse(init.body) : (init.body ?? undefined),
      idempotencyKey: new Headers(init.headers).get('Idempotency-Key'),
    })
    const answer = known[`${init.method} ${url.pathname}`] ?? known[url.pathname]
    const body = answer ? answer(url, init) : new Refusal(404)
    if (body === nothing) return new Response(null, { status: 204 })
    if (!(body instanceof Refusal)) return new Response(JSON.stringify(body), { status: 200 })
    const { code = 'x', errors, retryAfter } = body.more
    return new Response(JSON.stringify({ code, detail: body.detail, errors }), {
      status: body.status,
      headers: retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) },
    })
  })
  const session = new Session()
  await session.start()
  const router = newRouter(createMemoryHistory({ initialEntries: [path] }))
  render(
    <MantineProvider env="test">
      <Notifications />
      <QueryClientProvider client={newQueryClient()}>
        <SessionProvider session={session}>
          <RouterProvider router={router} />
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>,
  )
  return {
    session,
    router,
    asked,
    /** The last request of a method and path. */
    last: (line: string) => sent.findLast(one => one.line === line),
  }
}
