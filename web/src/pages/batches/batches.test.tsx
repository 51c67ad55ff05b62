import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Batch, BatchRow, Permission } from '../../api/types'
import { open, Refusal } from '../../test/dashboard'
import { percentDone, summary } from './words'

vi.mock('../../realtime', () => import('../../test/realtime'))

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

const may: Permission[] = ['self:manage', 'record:read', 'batch:run']

const none = { total: 0, pending: 0, done: 0, failed: 0, unsure: 0, unchanged: 0, invalid: 0 }

const batch = (over: Partial<Batch> = {}): Batch => ({
  id: 'b1',
  title: 'Import 3 clients from clients.csv',
  action: 'clients.import',
  state: 'draft',
  by: 'u',
  byName: 'Dana',
  file: 'clients.csv',
  encoding: 'UTF-8',
  ignored: [],
  tags: [],
  counts: { ...none, total: 3, pending: 2, invalid: 1 },
  createdAt: '2026-03-01T12:00:00Z',
  expiresAt: '2026-03-31T12:00:00Z',
  ...over,
})

const row = (over: Partial<BatchRow> = {}): BatchRow => ({
  number: 1,
  line: 2,
  does: 'create',
  label: 'Row one',
  changes: [{ field: 'firstName', from: '', to: 'Row' }],
  state: 'pending',
  warnings: [],
  ...over,
})

const client = (id: string, name: string) => ({ id, name, isLead: false, isArchived: false })

describe('a selection', () => {
  const answers = {
    'GET /api/v1/clients': () => ({
      items: [client('Client_1', 'Hale Grounds'), client('Client_2', 'Moss Mill')],
    }),
    'POST /api/v1/batches': () => batch({ action: 'clients.archive', title: 'Archive 2 clients' }),
    'GET /api/v1/batches/b1': () => batch({ action: 'clients.archive', title: 'Archive 2 clients' }),
    'GET /api/v1/batches/b1/rows': () => ({ items: [row()] }),
  }

  it('makes a draft, which is shown before anything is done', async () => {
    const { last, router } = await open('/clients', may, answers)
    fireEvent.click(await screen.findByRole('checkbox', { name: 'Select all clients that are shown' }))
    const bar = await screen.findByTestId('selection-bar')
    expect(within(bar).getByRole('status').textContent).toBe('2 clients selected')
    fireEvent.click(within(bar).getByRole('button', { name: 'Archive' }))
    await screen.findByRole('heading', { name: 'Archive 2 clients' })
    expect(router.state.location.pathname).toBe('/batches/b1')
    const asked = last('POST /api/v1/batches')
    expect(asked?.body).toEqual({ action: 'clients.archive', ids: ['Client_1', 'Client_2'] })
    expect(asked?.idempotencyKey).toBeTruthy()
  })

  it('asks for the tags that it is to put on', async () => {
    const { last } = await open('/clients', may, answers)
    fireEvent.click(await screen.findByRole('checkbox', { name: 'Select Moss Mill' }))
    fireEvent.click(screen.getByRole('button', { name: 'Add tags' }))
    const field = await screen.findByLabelText('Tags', { selector: 'input:not([type=hidden])' })
    fireEvent.change(field, { target: { value: 'VIP' } })
    fireEvent.keyDown(field, { key: 'Enter' })
    fireEvent.click(screen.getByRole('button', { name: 'Preview' }))
    await waitFor(() =>
      expect(last('POST /api/v1/batches')?.body).toEqual({
        action: 'clients.tag',
        ids: ['Client_2'],
        tags: ['VIP'],
      }),
    )
  })

  it('is not offered to those who may not change anything, and not where nothing can be done', async () => {
    await open('/clients', ['self:manage', 'record:read'], answers)
    await screen.findByText('Hale Grounds')
    expect(screen.queryByRole('checkbox')).toBeNull()
    expect(screen.queryByText('Batches')).toBeNull()
    cleanup()
    await open('/jobs', may, {
      'GET /api/v1/jobs': () => ({ items: [{ id: 'Job_1', number: 7, status: 'late' }] }),
    })
    await screen.findByTestId('record-row')
    expect(screen.queryByRole('checkbox')).toBeNull()
  })
})

describe('a file', () => {
  const choose = async (file: File) => {
    const input = await screen.findByLabelText('CSV file of clients')
    fireEvent.change(input, { target: { files: [file] } })
  }

  it('is uploaded as it is, and its preview shown', async () => {
    const { last, router } = await open('/batches', may, {
      'GET /api/v1/batches': () => ({ items: [] }),
      'POST /api/v1/batches/uploads': () => batch(),
      'GET /api/v1/batches/b1': () => batch(),
      'GET /api/v1/batches/b1/rows': () => ({ items: [row()] }),
    })
    await screen.findByText('No batches yet')
    await choose(new File(['First name\nRow\n'], 'clients.csv'))
    await waitFor(() => expect(router.state.location.pathname).toBe('/batches/b1'))
    const asked = last('POST /api/v1/batches/uploads?name=clients.csv')
    expect(await (asked?.body as Blob | undefined)?.text()).toBe('First name\nRow\n')
  })

  it('that cannot be read is refused with all that is wrong', async () => {
    await open('/batches', may, {
      'GET /api/v1/batches': () => ({ items: [] }),
      'POST /api/v1/batches/uploads': () =>
        new Refusal(422, 'The file cannot be read. Nothing was created.', {
          code: 'invalid',
          errors: [
            {
              location: 'row 3, column A (First name)',
              message: 'looks like a formula; write its value as text',
            },
            { location: 'row 9', message: 'has 2 cells under 3 headings' },
          ],
        }),
    })
    await choose(new File(['x'], 'clients.csv'))
    const told = await screen.findByTestId('upload-refused')
    expect(within(told).getAllByRole('listitem')).toHaveLength(2)
    expect(told.textContent).toContain('row 3, column A (First name)')
  })

  it('that is too large is not sent', async () => {
    const { asked } = await open('/batches', may, { 'GET /api/v1/batches': () => ({ items: [] }) })
    await choose(new File([new Uint8Array(2 * 1024 * 1024 + 1)], 'clients.csv'))
    expect((await screen.findByTestId('upload-refused')).textContent).toContain('2 MB')
    expect(asked.some(line => line.startsWith('POST /api/v1/batches'))).toBe(false)
  })
})

describe('a batch', () => {
  it('shows row by row what it will do, and asks before it starts', async () => {
    let state: Batch['state'] = 'draft'
    const { last } = await open('/batches/b1', may, {
      'GET /api/v1/batches/b1': () => batch({ state, ignored: ['Notes'] }),
      'GET /api/v1/batches/b1/rows': () => ({
        items: [
          row(),
          row({
            number: 2,
            line: 3,
            does: 'edit',
            label: 'Moss Mill',
            recordId: 'Client_2',
            changes: [{ field: 'email', from: 'a@moss.example', to: 'b@moss.example' }],
            warnings: ['Be careful.'],
          }),
          row({
            number: 3,
            line: 4,
            state: 'invalid',
            message: 'Email is not an e-mail address.',
            changes: [],
          }),
        ],
      }),
      'POST /api/v1/batches/b1/start': () => {
        state = 'running'
        return batch({ state })
      },
    })
    const rows = await screen.findAllByTestId('batch-row')
    expect(rows.map(one => one.dataset.state)).toEqual(['pending', 'pending', 'invalid'])
    expect(rows[1]?.textContent).toContain('a@moss.example')
    expect(rows[1]?.textContent).toContain('b@moss.example')
    expect(rows[1]?.textContent).toContain('Be careful.')
    expect(rows[2]?.textContent).toContain('Email is not an e-mail address.')
    expect(screen.getByText('Columns that are left out: Notes')).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'Start' }))
    fireEvent.click(await screen.findByTestId('confirm'))
    await screen.findByRole('button', { name: 'Stop' })
    expect(last('POST /api/v1/batches/b1/start')).toBeTruthy()
  })

  it('is stopped, resumed, and what failed is tried again', async () => {
    let state: Batch['state'] = 'running'
    const counts = { ...none, total: 4, pending: 1, done: 2, failed: 1 }
    const turn = (next: Batch['state']) => () => {
      state = next
      return batch({ state, counts })
    }
    await open('/batches/b1', may, {
      'GET /api/v1/batches/b1': () => batch({ state, counts }),
      'GET /api/v1/batches/b1/rows': () => ({
        items: [row({ state: 'failed', message: 'Jobber said no.' })],
      }),
      'POST /api/v1/batches/b1/stop': turn('stopped'),
      'POST /api/v1/batches/b1/start': turn('running'),
      'POST /api/v1/batches/b1/retry': turn('running'),
    })
    expect((await screen.findByTestId('progress')).textContent).toBe('3 of 4 rows: 1 to do, 2 done, 1 failed')
    fireEvent.click(screen.getByRole('button', { name: 'Stop' }))
    fireEvent.click(await screen.findByRole('button', { name: 'Resume' }))
    fireEvent.click(await screen.findByRole('button', { name: 'Stop' }))
    fireEvent.click(await screen.findByRole('button', { name: 'Try 1 row again' }))
    await screen.findByRole('button', { name: 'Stop' })
  })

  it('says why it could not go on', async () => {
    await open('/batches/b1', may, {
      'GET /api/v1/batches/b1': () =>
        batch({ state: 'stopped', reason: 'Jobber is disconnected. Connect it again, then resume.' }),
      'GET /api/v1/batches/b1/rows': () => ({ items: [] }),
    })
    expect(await screen.findByText('Jobber is disconnected. Connect it again, then resume.')).toBeTruthy()
  })
})

describe('the counts of a batch', () => {
  it('are a share and a sentence', () => {
    expect(percentDone({ ...none, total: 4, done: 1, pending: 2, invalid: 1 })).toBe(33)
    expect(percentDone(none)).toBe(100)
    expect(summary({ ...none, total: 3, done: 2, invalid: 1 })).toBe('2 done, 1 left out')
  })
})
