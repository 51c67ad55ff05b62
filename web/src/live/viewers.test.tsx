import { act, cleanup, screen, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Grants, Permission } from '../api/types'
import type { RecordRef, Viewer } from '../realtime'
import { open } from '../test/dashboard'

type Looking = { at: RecordRef; tell: (viewers: Viewer[]) => void; over: boolean }

const live = vi.hoisted(() => ({ looking: [] as Looking[] }))

vi.mock('../realtime', async () => {
  const { connect } = await import('../test/realtime')
  return {
    connect: () => ({
      ...connect(),
      look: (at: RecordRef, tell: (viewers: Viewer[]) => void) => {
        const one = { at, tell, over: false }
        live.looking.push(one)
        return () => {
          one.over = true
        }
      },
    }),
  }
})

const client = { id: 'Client_1', name: 'Aspen Dental', updatedAt: '2026-11-24T10:00:00Z' }
const answers = {
  'GET /api/v1/clients': () => ({ items: [] }),
  'GET /api/v1/clients/Client_1': () => client,
}

const viewer = (name: string, idle = false): Viewer => ({ id: name, name, idle })

/** Opens a record's page, and returns how its room is told who is there. */
async function look(permissions: Permission[] = ['self:manage', 'record:read']) {
  live.looking = []
  const page = await open('/clients/Client_1', permissions, answers)
  await screen.findByText('Aspen Dental')
  const tell = (...viewers: Viewer[]) => act(async () => live.looking.at(-1)?.tell(viewers))
  return { ...page, tell }
}

const shown = () => screen.queryByTestId('viewers')?.textContent

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('who else looks at a record', () => {
  it('is shown with their names, and not when one is alone', async () => {
    const { tell } = await look()
    await waitFor(() =>
      expect(live.looking.at(-1)?.at).toEqual({ account: 'acc_1', collection: 'clients', id: 'Client_1' }),
    )
    const me = { id: 'u', name: 'Dana', idle: false }
    await tell(me)
    expect(shown()).toBeUndefined()
    await tell(me, viewer('Sam'))
    expect(shown()).toContain('Sam is also looking at this')
    await tell(me, viewer('Priya', true), viewer('Sam'))
    expect(shown()).toContain('Sam and Priya are also looking at this')
    expect(screen.getByTitle('Priya (away)').dataset.idle).toBe('true')
    await tell(viewer('Priya', true), me)
    expect(shown()).toContain('Priya has this open')
    await tell(me, viewer('A'), viewer('B'), viewer('C'))
    expect(shown()).toContain('A and 2 others are also looking at this')
    await tell(me)
    expect(shown()).toBeUndefined()
  })

  it('is not asked any more once the page is left', async () => {
    const { router } = await look()
    await waitFor(() => expect(live.looking).not.toHaveLength(0))
    await act(() => router.navigate({ to: '/$collection', params: { collection: 'clients' } }))
    await waitFor(() => expect(live.looking.every(one => one.over)).toBe(true))
  })
})

describe('a record of a crew', () => {
  it('has viewers for one of the crew', async () => {
    live.looking = []
    const visit = { id: 'Visit_7', title: 'Mowing' }
    const grants: Grants = { 'self:manage': 'account', 'record:read': 'team' }
    await open('/visits/Visit_7', grants, {
      'GET /api/v1/visits/Visit_7': () => visit,
      'GET /api/v1/visits': () => ({ items: [] }),
    })
    await screen.findByTestId('record-detail')
    expect(live.looking.map(one => one.at)).toContainEqual({
      account: 'acc_1',
      collection: 'visits',
      id: 'Visit_7',
    })
  })
})

describe('a record of money', () => {
  it('has no viewers for somebody who may not see it', async () => {
    live.looking = []
    const invoice = { id: 'Invoice_7', invoiceNumber: '7' }
    await open('/invoices/Invoice_7', ['self:manage', 'record:read'], {
      'GET /api/v1/invoices/Invoice_7': () => invoice,
      'GET /api/v1/invoices': () => ({ items: [] }),
    })
    await screen.findByTestId('record-detail')
    expect(live.looking).toHaveLength(0)
  })
})
