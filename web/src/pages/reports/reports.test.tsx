import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Permission, Report, ReportKind } from '../../api/types'
import { type Answer, nothing, open, Refusal } from '../../test/dashboard'
import { live } from '../../test/realtime'
import { spanOf } from './period'
import { size } from './report-row'

vi.mock('../../realtime', () => import('../../test/realtime'))

const maker: Permission[] = ['self:manage', 'record:read', 'report:read', 'report:make']

const kinds: ReportKind[] = [
  {
    kind: 'visits',
    title: 'Visits',
    about: 'The visits of the period.',
    period: true,
    statuses: [{ id: 'completed', label: 'Completed' }],
    groupings: [
      { id: 'day', title: 'by day', filters: ['client', 'team', 'status'], needs: [], columns: ['Day'] },
      { id: 'visit', title: 'by visit', filters: [], needs: [], columns: ['Start'] },
    ],
  },
  {
    kind: 'receivables',
    title: 'Receivables ageing',
    about: 'What is outstanding now.',
    period: false,
    statuses: [],
    groupings: [{ id: 'age', title: 'by age', filters: [], needs: [], columns: ['Days'] }],
  },
]

const report = (over: Partial<Report> = {}): Report => ({
  id: 'r1',
  title: 'Visits by day',
  kind: 'visits',
  grouping: 'day',
  format: 'xlsx',
  from: '2026-03-01',
  to: '2026-03-31',
  filters: {},
  state: 'done',
  by: 'u',
  read: 31,
  expected: 31,
  rows: 31,
  bytes: 12_345,
  createdAt: new Date(Date.now() - 60_000).toISOString(),
  expiresAt: '2026-12-31T12:00:00Z',
  ...over,
})

const api = (items: Report[], more: Record<string, Answer> = {}): Record<string, Answer> => ({
  'GET /api/v1/report-kinds': () => ({ items: kinds }),
  'GET /api/v1/reports': () => ({ items }),
  'GET /api/v1/users': () => ({ items: [{ id: 'User_1', name: 'Ada', team: 'north', teamName: 'North' }] }),
  'GET /api/v1/clients': () => ({ items: [{ id: 'Client_1', name: 'Ada Lane' }] }),
  ...more,
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('the reports', () => {
  it('are asked for by what the form says, and once', async () => {
    const { asked, last } = await open('/reports', maker, api([], { 'POST /api/v1/reports': () => report() }))
    expect(await screen.findByText('No reports yet')).toBeTruthy()
    fireEvent.click(await screen.findByRole('button', { name: 'Make the report' }))
    await waitFor(() => expect(last('POST /api/v1/reports')).toBeTruthy())
    expect(asked.filter(line => line === 'POST /api/v1/reports')).toHaveLength(1)
    expect(last('POST /api/v1/reports')?.body).toEqual({
      kind: 'visits',
      grouping: 'day',
      format: 'pdf',
      period: 'mtd',
      filters: {},
    })
    expect(last('POST /api/v1/reports')?.idempotencyKey).toBeTruthy()
  })

  it('say at each field what is wrong with it', async () => {
    await open(
      '/reports',
      maker,
      api([], {
        'POST /api/v1/reports': () =>
          new Refusal(422, 'Correct the fields.', {
            code: 'invalid',
            errors: [
              { location: 'body.period', message: 'must be one of them' },
              { location: 'body.filters.team', message: 'is not there' },
            ],
          }),
      }),
    )
    fireEvent.click(await screen.findByRole('button', { name: 'Make the report' }))
    expect(await screen.findByText('Must be one of them.')).toBeTruthy()
    expect(screen.getByText('Is not there.')).toBeTruthy()
  })

  it('show how they stand, and are asked for again while one is being made', async () => {
    let state: Report['state'] = 'running'
    await open(
      '/reports',
      maker,
      api([], { 'GET /api/v1/reports': () => ({ items: [report({ state, read: 1200, expected: 4800 })] }) }),
    )
    expect(await screen.findByText(/1,200 of 4,800 records read/)).toBeTruthy()
    state = 'done'
    expect(await screen.findByText(/31 rows · 12 kB/, {}, { timeout: 8000 })).toBeTruthy()
    expect(screen.getByRole('button', { name: 'Download Visits by day' })).toBeTruthy()
  })

  it('are asked for at once when one goes on', async () => {
    let read = 1200
    await open(
      '/reports',
      maker,
      api([], {
        'GET /api/v1/reports': () => ({ items: [report({ state: 'running', read, expected: 4800 })] }),
      }),
    )
    await screen.findByText(/1,200 of 4,800 records read/)
    await waitFor(() => expect(live.options).toBeDefined())
    read = 2400
    live.options?.onEvent({
      id: 'e1',
      type: 'task.progress',
      time: new Date().toISOString(),
      data: {
        account: 'acc_1',
        audience: 'operations',
        collection: 'tasks',
        id: 'r1',
        detail: 'report.make',
      },
    })
    await screen.findByText(/2,400 of 4,800 records read/)
  })

  it('can be cancelled, made again and deleted', async () => {
    const items = [report({ id: 'r1', state: 'running' }), report({ id: 'r2', title: 'Jobs by month' })]
    const { asked } = await open(
      '/reports',
      maker,
      api(items, {
        'POST /api/v1/reports/r1/cancel': () => report({ state: 'cancelled' }),
        'POST /api/v1/reports/r2/rerun': () => report({ id: 'r3' }),
        'DELETE /api/v1/reports/r2': () => nothing,
      }),
    )
    fireEvent.click(await screen.findByRole('button', { name: 'Cancel Visits by day' }))
    for (const entry of ['Make it again', 'Delete']) {
      fireEvent.click(await screen.findByRole('button', { name: 'More of Jobs by month' }))
      fireEvent.click(await screen.findByRole('menuitem', { name: entry }))
    }
    await waitFor(() =>
      expect(asked).toEqual(
        expect.arrayContaining([
          'POST /api/v1/reports/r1/cancel',
          'POST /api/v1/reports/r2/rerun',
          'DELETE /api/v1/reports/r2',
        ]),
      ),
    )
  })

  it('are only downloaded by those who may not make them', async () => {
    const { asked } = await open('/reports', ['self:manage', 'report:read'], api([report()]))
    expect(await screen.findByRole('button', { name: 'Download Visits by day' })).toBeTruthy()
    expect(screen.queryByRole('heading', { name: 'New report' })).toBeNull()
    expect(screen.queryByRole('button', { name: /^More of/ })).toBeNull()
    expect(asked.some(line => line.includes('report-kinds'))).toBe(false)
  })

  it('are no page for those who may not see them', async () => {
    const { asked } = await open('/reports', ['self:manage'], api([report()]))
    expect(await screen.findByText('Not open to your role')).toBeTruthy()
    expect(screen.queryByRole('link', { name: 'Reports' })).toBeNull()
    expect(asked.some(line => line.includes('/reports'))).toBe(false)
  })
})

describe('a period', () => {
  const days = { from: '2026-02-03', to: '2026-02-09' }
  const now = new Date('2026-03-01T02:00:00Z') // the last day of February in Denver
  it.each([
    ['mtd', { period: 'mtd' }],
    ['last-month', { from: '2026-01-01', to: '2026-01-31' }],
    ['last-year', { from: '2025-01-01', to: '2025-12-31' }],
    ['days', days],
  ])('%s', (choice, span) => {
    expect(spanOf(choice, days, now, 'America/Denver')).toEqual(span)
  })
})

it.each([
  [12, '12 bytes'],
  [12_345, '12 kB'],
  [1_250_000, '1.3 MB'],
])('a size of %i', (bytes, text) => {
  expect(size(bytes)).toBe(text)
})
