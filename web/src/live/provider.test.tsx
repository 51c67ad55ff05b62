import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react'
import { act } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Permission } from '../api/types'
import type { LiveEvent } from '../realtime'
import { open } from '../test/dashboard'
import { live } from '../test/realtime'

vi.mock('../realtime', () => import('../test/realtime'))

const happen = (event: LiveEvent) => act(async () => live.options?.onEvent(event))

const personal = (type: string): LiveEvent => ({
  id: type,
  type,
  time: '2026-11-24T10:00:00Z',
  data: { account: 'acc_1', audience: 'personal', member: 'u' },
})

const permissions: Permission[] = ['self:manage', 'record:read', 'key:manage']
const answers = {
  'GET /api/v1/sessions': () => ({ items: [] }),
  'GET /api/v1/api-keys': () => ({ items: [] }),
}

async function openLive(path: string) {
  live.options = undefined
  const page = await open(path, permissions, answers)
  await waitFor(() => expect(live.options).toBeDefined())
  return page
}

const times = (asked: string[], path: string) => asked.filter(line => line.startsWith(`GET ${path}`)).length

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('what happens while the page is open', () => {
  it('tells one person of their own sign-ins, with the way to end them', async () => {
    const { router } = await openLive('/visits')
    await happen(personal('security.refresh_reused'))
    await screen.findByText('Someone used an old sign-in of yours')
    expect(screen.getByText(/We ended that session/)).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'See your sessions' }))
    await screen.findByRole('heading', { name: 'Your sessions' })
    expect(router.state.location.pathname).toBe('/settings/sessions')
  })

  it('does not tell a sign-in to the page that made it', async () => {
    const { session } = await openLive('/visits')
    await act(() => session.open('id'))
    await happen(personal('security.signed_in'))
    await happen(personal('security.session_ended'))
    await screen.findByText('A session of yours was ended')
    expect(screen.queryByText('You signed in somewhere else')).toBeNull()
  })

  it('tells a sign-in that was made elsewhere', async () => {
    await openLive('/visits')
    await happen(personal('security.signed_in'))
    await screen.findByText('You signed in somewhere else')
  })

  it('reads again what a security event concerns', async () => {
    const { asked } = await openLive('/settings/keys')
    await screen.findByText('No API keys yet')
    const before = times(asked, '/api/v1/api-keys')
    await happen({
      ...personal('security.key_created'),
      data: { account: 'acc_1', audience: 'security', title: 'Report' },
    })
    await waitFor(() => expect(times(asked, '/api/v1/api-keys')).toBe(before + 1))
    expect(screen.queryByRole('button', { name: 'See your sessions' })).toBeNull()
  })

  it('reads the list again for an event that does not say which record changed', async () => {
    const { asked } = await openLive('/visits')
    await screen.findByText('No visits')
    const before = times(asked, '/api/v1/visits')
    await happen({ type: 'visit.updated', data: { audience: 'operations', collection: 'visits' } })
    await waitFor(() => expect(times(asked, '/api/v1/visits')).toBe(before + 1))
  })
})
