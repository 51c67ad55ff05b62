import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react'
import { act } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import type { LiveConnection, Permission } from '../../../api/types'
import type { Options } from '../../../realtime'
import { nothing, open } from '../../../test/dashboard'

const live = vi.hoisted(() => ({ options: undefined as Options | undefined, reconnects: 0 }))

vi.mock('../../../realtime', async () => {
  const { connect } = await import('../../../test/realtime')
  return {
    connect: (options: Options) => {
      live.options = options
      return { ...connect(), reconnect: () => live.reconnects++ }
    },
  }
})

const permissions: Permission[] = ['self:manage', 'live:manage']
const status = {
  connections: 3,
  perMember: 20,
  perAccount: 1000,
  instances: 1,
  minutes: 5,
  eventsPerMinute: 2.4,
  lagP50Ms: 35,
  lagP99Ms: 2000,
}
const connection = (id: string, memberName: string, over: Partial<LiveConnection> = {}): LiveConnection => ({
  id,
  memberId: `id-of-${memberName}`,
  memberName,
  since: '2026-11-24T10:00:00Z',
  transport: 'websocket',
  instance: 'one',
  address: '203.0.113.x',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36',
  idle: false,
  endable: true,
  ...over,
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

it('shows who is connected, and ends a connection when that is meant', async () => {
  const items = [
    connection('1', 'Sam'),
    connection('2', 'Sam', { idle: true, transport: 'http_stream' }),
    connection('3', 'Robin', { endable: false }),
  ]
  const { last } = await open('/settings/live', permissions, {
    'GET /api/v1/live/connections': () => ({ items }),
    'GET /api/v1/live/status': () => status,
    'DELETE /api/v1/live/connections/1': () => nothing,
    'DELETE /api/v1/live/members/id-of-Sam/connections': () => nothing,
  })
  await screen.findByText('Robin')
  const shown = screen.getAllByTestId('live-connection').map(row => row.textContent)
  expect(shown[0]).toContain('Chrome on Linux · 203.0.113.x · WebSocket')
  expect(shown[1]).toContain('Away')
  expect(screen.queryByRole('button', { name: 'End a connection of Robin' })).toBeNull()
  await waitFor(() => expect(screen.getByTestId('live-status').textContent).toContain('99 of 100 within 2 s'))

  const [first] = screen.getAllByRole('button', { name: 'End a connection of Sam' })
  if (!first) throw new Error('no button')
  fireEvent.click(first)
  await screen.findByText('End this connection of Sam?')
  expect(last('DELETE /api/v1/live/connections/1')).toBeUndefined()
  fireEvent.click(screen.getByTestId('confirm'))
  await waitFor(() => expect(last('DELETE /api/v1/live/connections/1')).toBeDefined())
  await waitFor(() => expect(screen.queryByText('End this connection of Sam?')).toBeNull())

  const [all] = screen.getAllByRole('button', { name: 'End all of Sam' })
  if (!all) throw new Error('no button')
  fireEvent.click(all)
  await screen.findByText('End 2 connections of Sam?')
  fireEvent.click(screen.getByTestId('confirm'))
  await waitFor(() => expect(last('DELETE /api/v1/live/members/id-of-Sam/connections')).toBeDefined())
})

it('says that nobody is connected', async () => {
  await open('/settings/live', permissions, {
    'GET /api/v1/live/connections': () => ({ items: [] }),
    'GET /api/v1/live/status': () => ({ ...status, connections: 0, lagP50Ms: null, lagP99Ms: null }),
  })
  await screen.findByText('Nobody is connected')
})

it('tells whose connection was ended, and connects again when they want it', async () => {
  live.options = undefined
  await open('/settings/sessions', ['self:manage'], { 'GET /api/v1/sessions': () => ({ items: [] }) })
  await waitFor(() => expect(live.options).toBeDefined())
  expect(screen.queryByTestId('connection-ended')).toBeNull()
  await act(async () => live.options?.onState('ended'))
  await screen.findByText('An administrator ended your live connection.')
  fireEvent.click(screen.getByRole('button', { name: 'Reconnect' }))
  expect(live.reconnects).toBe(1)
  await act(async () => live.options?.onState('live'))
  expect(screen.queryByTestId('connection-ended')).toBeNull()
})
