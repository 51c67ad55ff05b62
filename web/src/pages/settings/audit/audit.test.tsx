import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AuditEntry } from '../../../api/types'
import { open } from '../../../test/dashboard'
import { auditSearch } from './search'
import { actorName, fieldName, shown } from './words'

vi.mock('../../../realtime', () => import('../../../test/realtime'))

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

const entry = (over: Partial<AuditEntry> = {}): AuditEntry => ({
  id: 'e1',
  type: 'member.role_changed',
  time: '2026-03-01T12:00:00Z',
  audience: 'security',
  actor: { kind: 'member', id: 'ada', name: 'Ada' },
  target: { title: 'Vera', memberId: 'vera' },
  changes: [{ field: 'role', before: 'viewer', after: 'dispatcher' }],
  address: '203.0.113.9',
  correlationId: 'request-0001',
  ...over,
})

const may = ['self:manage', 'security:read'] as const

describe('the audit log', () => {
  it('shows who did what, and what it changed when one asks', async () => {
    await open('/settings/audit', [...may], { 'GET /api/v1/audit/events': () => ({ items: [entry()] }) })
    const row = await screen.findByTestId('audit-entry')
    expect(within(row).getByText('Role changed')).toBeTruthy()
    expect(within(row).getByText('Ada')).toBeTruthy()
    expect(within(row).queryByText('203.0.113.9')).toBeNull()
    fireEvent.click(within(row).getByRole('button', { expanded: false }))
    expect(within(row).getByText('203.0.113.9')).toBeTruthy()
    expect(
      within(row)
        .getAllByRole('cell')
        .map(cell => cell.textContent),
    ).toEqual(['Viewer', 'Dispatcher'])
  })

  it('is searched by words, by what happened and by what a request caused', async () => {
    const { asked, router } = await open('/settings/audit?family=member', [...may], {
      'GET /api/v1/audit/events': () => ({ items: [entry()] }),
    })
    await screen.findByTestId('audit-entry')
    expect(asked.some(line => line.includes('family=member'))).toBe(true)
    fireEvent.change(screen.getByRole('searchbox', { name: 'Search the audit log' }), {
      target: { value: ' Vera ' },
    })
    await waitFor(() => expect(asked.some(line => line.includes('q=Vera'))).toBe(true))
    fireEvent.click(within(await screen.findByTestId('audit-entry')).getByRole('button', { expanded: false }))
    fireEvent.click(screen.getByRole('button', { name: 'Show all that this request caused' }))
    await waitFor(() => expect(asked.some(line => line.includes('correlationId=request-0001'))).toBe(true))
    fireEvent.click(await screen.findByRole('button', { name: 'Show everything' }))
    await waitFor(() => expect(router.state.location.search).toEqual({}))
  })

  it('goes further back', async () => {
    await open('/settings/audit', [...may], {
      'GET /api/v1/audit/events': url =>
        url.searchParams.get('cursor')
          ? { items: [entry({ id: 'e2' })] }
          : { items: [entry()], nextCursor: 'c' },
    })
    fireEvent.click(await screen.findByRole('button', { name: 'Show earlier' }))
    await waitFor(() => expect(screen.getAllByTestId('audit-entry')).toHaveLength(2))
    expect(screen.queryByRole('button', { name: 'Show earlier' })).toBeNull()
  })

  it('is exported with the filters of the page, and downloaded when it is ready', async () => {
    let made = false
    const file = {
      id: 'x1',
      state: 'done',
      format: 'csv',
      done: 1,
      total: 1,
      createdAt: '2026-03-01T12:00:00Z',
    }
    const { asked } = await open('/settings/audit?family=member', [...may, 'event:export'], {
      'GET /api/v1/audit/events': () => ({ items: [entry()] }),
      'GET /api/v1/audit/exports': () => ({ items: made ? [file] : [] }),
      'POST /api/v1/audit/exports': () => {
        made = true
        return file
      },
    })
    expect(screen.queryByRole('button', { name: 'Download CSV' })).toBeNull()
    fireEvent.click(await screen.findByRole('button', { name: 'Export' }))
    fireEvent.click(await screen.findByRole('menuitem', { name: 'For a spreadsheet (CSV)' }))
    expect(await screen.findByRole('button', { name: 'Download CSV' })).toBeTruthy()
    expect(asked.some(line => line.startsWith('POST /api/v1/audit/exports'))).toBe(true)
  })

  it('can be cancelled while it is exported', async () => {
    let state = 'running'
    const file = () => ({
      id: 'x1',
      state,
      format: 'csv',
      done: 1,
      total: 4,
      createdAt: '2026-03-01T12:00:00Z',
    })
    const { asked } = await open('/settings/audit', [...may, 'event:export'], {
      'GET /api/v1/audit/events': () => ({ items: [entry()] }),
      'GET /api/v1/audit/exports': () => ({ items: [file()] }),
      'DELETE /api/v1/audit/exports/x1': () => {
        state = 'cancelled'
        return file()
      },
    })
    await screen.findByText('Exporting: 25 %')
    fireEvent.click(screen.getByRole('button', { name: 'Cancel the export' }))
    await screen.findByText('The export was cancelled.')
    expect(asked).toContain('DELETE /api/v1/audit/exports/x1')
    expect(screen.queryByRole('button', { name: 'Cancel the export' })).toBeNull()
  })

  it('is not open to everybody', async () => {
    const { asked } = await open('/settings/audit', ['self:manage'], {})
    await screen.findByText('Not open to your role')
    expect(asked.some(line => line.includes('/audit'))).toBe(false)
  })
})

describe('the words of the audit log', () => {
  it('name who did it', () => {
    expect(actorName({ kind: 'key', name: 'Ada', id: 'ada' })).toBe('An API key of Ada')
    expect(actorName({ kind: 'member', id: 'gone' })).toBe('A former member')
    expect(actorName({ kind: 'jobber' })).toBe('In Jobber')
    expect(actorName({ kind: 'system' })).toBe('Fieldboard')
  })

  it('name fields and values', () => {
    const format = { money: (cents: number) => `$${cents / 100}`, dateTime: (time: string) => `at ${time}` }
    expect(fieldName('totalCents')).toBe('Total')
    expect(fieldName('clientId')).toBe('Client')
    expect(fieldName('privileged.idleMinutes')).toBe('Privileged: idle minutes')
    expect(shown('totalCents', 1250, format)).toBe('$12.5')
    expect(shown('startAt', '2026-03-01T12:00:00Z', format)).toBe('at 2026-03-01T12:00:00Z')
    expect(shown('userIds', ['a', 'b'], format)).toBe('a, b')
    expect(shown('name', null, format)).toBe('–')
    expect(shown('isLead', false, format)).toBe('No')
  })

  it('keep of an address what they know', () => {
    expect(auditSearch({ q: 'x', family: 'nothing', since: 'week', cause: '<script>', more: 1 })).toEqual({
      q: 'x',
      since: 'week',
    })
  })
})
