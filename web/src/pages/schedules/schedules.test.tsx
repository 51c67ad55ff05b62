import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import type { Permission, Schedule } from '../../api/types'
import { nothing, open, Refusal } from '../../test/dashboard'
import { inWords, inZone, isWhole, trimmed } from './when'

vi.mock('../../realtime', async () => ({ connect: (await import('../../test/realtime')).connect }))

const permissions: Permission[] = ['self:manage', 'schedule:read', 'schedule:manage', 'member:read']

const choices = {
  items: [
    {
      kind: 'revenue',
      title: 'Revenue',
      period: true,
      groupings: [
        { id: 'month', title: 'by month', needs: [] },
        { id: 'client', title: 'of one client', needs: ['client'] },
      ],
    },
  ],
}

const monday: Schedule = {
  id: 's1',
  name: 'Monday’s revenue',
  action: 'report.make',
  order: { kind: 'revenue', grouping: 'month', format: 'pdf', period: '7d', filters: {} },
  when: { every: 'week', weekdays: ['monday'], at: '08:00' },
  cron: '0 8 * * 1',
  zone: 'America/Denver',
  recipients: [
    { id: 'u', name: 'Dana' },
    { id: 'v', name: 'Sam' },
  ],
  missed: 'catch_up',
  paused: false,
  by: { id: 'u', name: 'Dana' },
  nextAt: '2026-11-30T15:00:00Z',
  createdAt: '2026-11-24T10:00:00Z',
  history: [
    { slot: '2026-11-23T15:00:00Z', at: '2026-11-23T15:00:01Z', outcome: 'ran', task: 't1' },
    { slot: '2026-11-16T15:00:00Z', at: '2026-11-16T16:00:01Z', outcome: 'skipped', reason: 'It was late.' },
  ],
}

const answers = {
  '/api/v1/report-kinds': () => choices,
  '/api/v1/members': () => ({
    items: [
      { id: 'u', name: 'Dana', email: 'dana@example.test', role: 'owner', status: 'active' },
      { id: 'v', name: 'Sam', email: 'sam@example.test', role: 'admin', status: 'active' },
    ],
  }),
  '/api/v1/schedule-times': () => ({ times: ['2026-11-30T15:00:00Z', '2026-12-07T15:00:00Z'] }),
}

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

it('shows what is done by the calendar, and what became of it', async () => {
  await open('/schedules', permissions, { ...answers, 'GET /api/v1/schedules': () => ({ items: [monday] }) })
  const row = await screen.findByTestId('schedule')
  await waitFor(() => expect(row.textContent).toContain('Revenue by month, the last 7 days, PDF'))
  expect(row.textContent).toContain('Every Monday at 8:00')
  expect(row.textContent).toContain('America/Denver')
  expect(row.textContent).toContain('to Dana and Sam')
  expect(row.textContent).toContain('MST')
  fireEvent.click(screen.getByRole('button', { name: 'Actions for Monday’s revenue' }))
  fireEvent.click(await screen.findByText('Latest runs'))
  await screen.findByText('It was late.')
  expect(screen.getByText('Left out')).toBeDefined()
})

it('creates a schedule, once its next times are seen', async () => {
  let made = false
  const { last, asked } = await open('/schedules', permissions, {
    ...answers,
    'GET /api/v1/schedules': () => ({ items: made ? [monday] : [] }),
    'POST /api/v1/schedules': () => {
      made = true
      return monday
    },
  })
  await screen.findByText('Nothing is done by the calendar yet')
  fireEvent.click(screen.getByRole('button', { name: 'Create a schedule' }))
  fireEvent.change(await screen.findByLabelText('Name'), { target: { value: 'Monday’s revenue' } })
  fireEvent.change(screen.getByLabelText('At'), { target: { value: '08:00' } })
  await waitFor(() => expect(screen.getByTestId('schedule-next').textContent).toContain('Next: Mon, Nov 30'))
  expect(screen.getByTestId('schedule-next').textContent).toContain('MST')
  expect(
    asked.some(line =>
      line.includes('schedule-times?every=week&weekdays=monday&at=08%3A00&zone=America%2FDenver'),
    ),
  ).toBe(true)
  fireEvent.click(screen.getByRole('button', { name: 'Create the schedule' }))
  await screen.findByTestId('schedule')
  expect(last('POST /api/v1/schedules')?.idempotencyKey).toBeTruthy()
  expect(last('POST /api/v1/schedules')?.body).toEqual({
    name: 'Monday’s revenue',
    action: 'report.make',
    order: { kind: 'revenue', grouping: 'month', format: 'pdf', period: '7d', filters: {}, money: false },
    when: { every: 'week', weekdays: ['monday'], at: '08:00' },
    zone: 'America/Denver',
    recipients: ['u'],
    missed: 'catch_up',
  })
})

it('shows each refusal where it belongs', async () => {
  await open('/schedules', permissions, {
    ...answers,
    'GET /api/v1/schedules': () => ({ items: [] }),
    'POST /api/v1/schedules': () =>
      new Refusal(422, 'Correct the fields below.', {
        errors: [
          { location: 'body.name', message: 'must have 1 to 80 characters' },
          { location: 'body.when.at', message: 'must be a time of day, such as 08:00' },
          { location: 'body.recipients[0]', message: 'may not see this' },
        ],
      }),
  })
  fireEvent.click(await screen.findByRole('button', { name: 'Create a schedule' }))
  fireEvent.click(await screen.findByRole('button', { name: 'Create the schedule' }))
  await screen.findByText('Must have 1 to 80 characters.')
  screen.getByText('Must be a time of day, such as 08:00.')
  screen.getByText('Line 1 may not see this.')
})

it('pauses, runs and deletes', async () => {
  let now: Schedule[] = [monday]
  const { last } = await open('/schedules', permissions, {
    ...answers,
    'GET /api/v1/schedules': () => ({ items: now }),
    'PATCH /api/v1/schedules/s1': () => {
      now = [{ ...monday, paused: true, nextAt: null, pausedReason: 'Dana has left.' }]
      return now[0]
    },
    'POST /api/v1/schedules/s1/runs': () => monday.history[0],
    'DELETE /api/v1/schedules/s1': () => {
      now = []
      return nothing
    },
  })
  const choose = async (what: string) => {
    fireEvent.click(await screen.findByRole('button', { name: 'Actions for Monday’s revenue' }))
    fireEvent.click(await screen.findByText(what))
  }
  await choose('Run now')
  await waitFor(() => expect(last('POST /api/v1/schedules/s1/runs')?.idempotencyKey).toBeTruthy())
  await choose('Pause')
  await screen.findByText('Paused itself')
  expect(last('PATCH /api/v1/schedules/s1')?.body).toEqual({ paused: true })
  screen.getByText('Dana has left.')
  await choose('Delete')
  await screen.findByText('Delete Monday’s revenue?')
  fireEvent.click(screen.getByTestId('confirm'))
  await screen.findByText('Nothing is done by the calendar yet')
})

it('offers nothing to who may only look', async () => {
  await open('/schedules', ['self:manage', 'schedule:read'], {
    ...answers,
    'GET /api/v1/schedules': () => ({ items: [monday] }),
  })
  await screen.findByTestId('schedule')
  expect(screen.queryByRole('button', { name: 'Create a schedule' })).toBeNull()
  fireEvent.click(screen.getByRole('button', { name: 'Actions for Monday’s revenue' }))
  await screen.findByText('Latest runs')
  expect(screen.queryByText('Pause')).toBeNull()
})

it('says when in words, and asks for no more than is meant', () => {
  expect(inWords({ every: 'week', weekdays: ['friday', 'monday'], at: '17:30' })).toBe(
    'Every Monday and Friday at 5:30 PM',
  )
  expect(inWords({ every: 'month', day: 3, at: '08:00' })).toBe('On day 3 of every month at 8:00 AM')
  expect(inWords({ every: 'cron', cron: '0 8 * * 1' })).toBe('By the cron line 0 8 * * 1')
  expect(inZone('2026-07-06T14:00:00Z', 'America/Denver')).toBe('Mon, Jul 6, 8:00 AM MDT')
  expect(trimmed({ every: 'day', at: '08:00', weekdays: ['monday'], day: 3, cron: 'x' })).toEqual({
    every: 'day',
    at: '08:00',
  })
  expect(isWhole({ every: 'week', at: '08:00', weekdays: [] })).toBe(false)
  expect(isWhole({ every: 'cron', cron: ' ' })).toBe(false)
  expect(isWhole({ every: 'month', at: '08:00', day: 1 })).toBe(true)
})
