import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Permission, Task, TaskDetail, TaskKind } from '../../api/types'
import { type Answer, nothing, open, Refusal } from '../../test/dashboard'
import { live } from '../../test/realtime'

vi.mock('../../realtime', () => import('../../test/realtime'))

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  vi.useRealTimers()
  localStorage.clear()
})

const sees: Permission[] = ['self:manage', 'task:read']
const manages: Permission[] = [...sees, 'task:manage', 'security:read']

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString()

const kind = (over: Partial<TaskKind> = {}): TaskKind => ({
  kind: 'report.make',
  title: 'Report',
  queue: 'reports',
  paused: false,
  pausedAll: false,
  waiting: 0,
  running: 0,
  parted: 0,
  failed: 0,
  doneHour: 0,
  failedHour: 0,
  ...over,
})

const task = (over: Partial<Task> = {}): Task => ({
  id: 't1',
  kind: 'report.make',
  kindTitle: 'Report',
  title: 'Revenue by month',
  state: 'done',
  by: 'u',
  byName: 'Dana',
  requestId: 'request-0001',
  createdAt: ago(120),
  runAt: ago(120),
  attempt: 1,
  attempts: 5,
  progress: { done: 0, total: 0, message: '', percent: 0 },
  ...over,
})

const detail = (over: Partial<TaskDetail> = {}): TaskDetail => ({ ...task(over), timeline: [], ...over })

const failed = (over: Partial<TaskDetail> = {}): TaskDetail =>
  detail({
    state: 'failed',
    startedAt: '2026-03-01T12:00:00Z',
    endedAt: '2026-03-01T12:03:05Z',
    attempt: 2,
    failure: { class: 'permanent', message: 'The month 13 does not exist.', at: '2026-03-01T12:03:05Z' },
    timeline: [
      {
        number: 1,
        began: '2026-03-01T12:00:00Z',
        ended: '2026-03-01T12:00:12Z',
        outcome: 'transient',
        message: 'The store did not answer.',
      },
      {
        number: 2,
        began: '2026-03-01T12:03:00Z',
        ended: '2026-03-01T12:03:05Z',
        outcome: 'permanent',
        message: 'The month 13 does not exist.',
      },
    ],
    ...over,
  })

function business(
  kinds: TaskKind[],
  tasks: Task[],
  more: Record<string, Answer> = {},
): Record<string, Answer> {
  return {
    'GET /api/v1/task-kinds': () => ({ items: kinds }),
    'GET /api/v1/tasks': () => ({ items: tasks }),
    ...more,
  }
}

const one = (of: TaskDetail, more: Record<string, Answer> = {}) =>
  business([kind()], [of], { [`GET /api/v1/tasks/${of.id}`]: () => of, ...more })

const button = (name: string | RegExp) => screen.findByRole('button', { name })

describe('the kinds of work', () => {
  it('show how each stands, and lead to what is counted', async () => {
    const { router } = await open(
      '/operations',
      sees,
      business([kind({ waiting: 1200, running: 2, failed: 3, doneHour: 40, oldestDue: ago(185) })], []),
    )
    const row = await screen.findByTestId('task-kind')
    expect(within(row).getByText('1,200')).toBeTruthy()
    expect(within(row).getByText('40')).toBeTruthy()
    expect(within(row).getByText('3 min')).toBeTruthy()
    expect(screen.queryByRole('button', { name: 'Pause Report' })).toBeNull()
    expect(screen.queryByRole('button', { name: /Send all again/ })).toBeNull()
    fireEvent.click(within(row).getByRole('link', { name: 'Report: 3 failed' }))
    await waitFor(() =>
      expect(router.state.location.search).toEqual({ kind: 'report.make', state: 'failed' }),
    )
  })

  it('say where there are none', async () => {
    await open('/operations', sees, business([], []))
    expect(await screen.findByText('No background work')).toBeTruthy()
    expect(await screen.findByText('No tasks yet')).toBeTruthy()
  })

  it('are paused and resumed', async () => {
    let paused = false
    const { last } = await open('/operations', manages, {
      ...business([], []),
      'GET /api/v1/task-kinds': () => ({
        items: [kind(paused ? { paused, pausedBy: 'ada', pausedByName: 'Ada' } : {})],
      }),
      'PUT /api/v1/task-kinds/report.make/pause': () => {
        paused = true
        return nothing
      },
      'DELETE /api/v1/task-kinds/report.make/pause': () => {
        paused = false
        return nothing
      },
    })
    fireEvent.click(await button('Pause Report'))
    const row = await screen.findByTestId('task-kind')
    await within(row).findByText('Paused by Ada')
    expect(last('PUT /api/v1/task-kinds/report.make/pause')).toBeTruthy()
    fireEvent.click(await button('Resume Report'))
    await waitFor(() => expect(within(row).queryByText('Paused by Ada')).toBeNull())
  })

  it('are all paused together only when that is meant, and resumed together', async () => {
    let paused = false
    const { asked } = await open('/operations', manages, {
      ...business([], []),
      'GET /api/v1/task-kinds': () => ({
        items: [kind(paused ? { paused, pausedAll: true, pausedBy: 'u', pausedByName: 'Dana' } : {})],
      }),
      'PUT /api/v1/task-kinds/*/pause': () => {
        paused = true
        return nothing
      },
      'DELETE /api/v1/task-kinds/*/pause': () => {
        paused = false
        return nothing
      },
    })
    fireEvent.click(await button('Pause everything'))
    await screen.findByText('Pause all background work?')
    expect(asked.some(line => line.startsWith('PUT'))).toBe(false)
    fireEvent.click(screen.getByTestId('confirm'))
    await screen.findByText(/Everything is paused by you/)
    // A kind alone would stay paused.
    expect(screen.queryByRole('button', { name: 'Resume Report' })).toBeNull()
    fireEvent.click(await button('Resume everything'))
    expect(await button('Pause Report')).toBeTruthy()
  })

  it('tell when a pause did not work', async () => {
    await open('/operations', manages, {
      ...business([kind()], []),
      'PUT /api/v1/task-kinds/report.make/pause': () => new Refusal(403, 'You may not pause work.'),
    })
    fireEvent.click(await button('Pause Report'))
    await screen.findByText('Could not pause Report')
    expect(screen.getByText('You may not pause work.')).toBeTruthy()
  })

  it('send all dead letters again, a hundred at a time, until there are no more', async () => {
    let left = 230
    const { asked, last } = await open('/operations', manages, {
      ...business([], []),
      'GET /api/v1/task-kinds': () => ({ items: [kind({ failed: left })] }),
      'POST /api/v1/task-replays': () => {
        const sent = Math.min(100, left)
        left -= sent
        return { sent, more: left > 0 }
      },
    })
    fireEvent.click(await button('Send all again: Report'))
    await screen.findByText('Send 230 failed tasks again?')
    expect(asked).not.toContain('POST /api/v1/task-replays')
    fireEvent.click(screen.getByTestId('confirm'))
    await screen.findByText('230 tasks begin anew.')
    expect(asked.filter(line => line === 'POST /api/v1/task-replays')).toHaveLength(3)
    expect(last('POST /api/v1/task-replays')?.body).toEqual({ kind: 'report.make' })
    await waitFor(() => expect(screen.queryByRole('button', { name: /Send all again/ })).toBeNull())
  })

  it('say how many were sent before it failed, and do not go on for ever', async () => {
    const answers: unknown[] = [
      { sent: 100, more: true },
      new Refusal(403, 'You may no longer do this.'),
      { sent: 0, more: true },
    ]
    const { asked } = await open('/operations', manages, {
      ...business([kind({ failed: 150 })], []),
      'POST /api/v1/task-replays': () => answers.shift(),
    })
    fireEvent.click(await button('Send all again: Report'))
    fireEvent.click(await screen.findByTestId('confirm'))
    await screen.findByText('100 of them were sent. You may no longer do this.')
    fireEvent.click(screen.getByTestId('confirm'))
    await screen.findByText('100 tasks begin anew.')
    expect(asked.filter(line => line === 'POST /api/v1/task-replays')).toHaveLength(3)
  })
})

describe('the tasks', () => {
  it('are listed with how far they are, who asked, and why they failed', async () => {
    await open(
      '/operations',
      sees,
      business(
        [kind()],
        [
          task({
            id: 't1',
            state: 'running',
            progress: { done: 43, total: 100, message: 'Reading invoices', percent: 43, secondsLeft: 130 },
          }),
          task({ id: 't2', title: '', by: '', byName: '', state: 'scheduled', runAt: ago(-7200) }),
          task({
            id: 't3',
            by: 'gone',
            byName: '',
            state: 'failed',
            failure: { class: 'permanent', message: 'No such month.', at: ago(3) },
          }),
        ],
      ),
    )
    const [running, scheduled, failed] = await screen.findAllByTestId('task')
    if (!running || !scheduled || !failed) throw new Error('not all are there')
    expect(running.textContent).toContain('Reading invoices · 43 % · about 2 min left')
    expect(within(running).getByRole('progressbar').getAttribute('aria-valuenow')).toBe('43')
    expect(within(running).getByText('You')).toBeTruthy()
    expect(within(scheduled).getByText('Fieldboard')).toBeTruthy()
    expect(within(scheduled).getByText('Scheduled')).toBeTruthy()
    expect(scheduled.textContent).toContain('Due in 2 hr.')
    expect(within(failed).getByText('A former member')).toBeTruthy()
    expect(within(failed).getByText('No such month.')).toBeTruthy()
    expect(screen.getByText('3 tasks')).toBeTruthy()
  })

  it('are narrowed by kind, state and who asked, and shown whole again', async () => {
    const { asked, router } = await open(
      '/operations?kind=report.make&state=failed&mine=yes&parent=p1',
      sees,
      business([kind()], []),
    )
    await screen.findByText('No tasks like that')
    const first = asked.find(line => line.startsWith('GET /api/v1/tasks?'))
    expect(Object.fromEntries(new URLSearchParams(first?.split('?')[1]))).toEqual({
      kind: 'report.make',
      state: 'failed',
      parent: 'p1',
      by: 'u',
      limit: '25',
    })
    fireEvent.click(await button('Show all tasks'))
    await waitFor(() => expect(router.state.location.search).not.toHaveProperty('parent'))
    fireEvent.click(screen.getByRole('radio', { name: 'All' }))
    await waitFor(() => expect(router.state.location.search).not.toHaveProperty('mine'))
    fireEvent.click(await button('Clear the filters'))
    await waitFor(() => expect(router.state.location.search).toEqual({}))
    await screen.findByText('No tasks yet')
  })

  it('go on page after page', async () => {
    await open('/operations', sees, {
      ...business([kind()], []),
      'GET /api/v1/tasks': url =>
        url.searchParams.get('cursor')
          ? { items: [task({ id: 't2' })] }
          : { items: [task({ id: 't1' })], nextCursor: 'c' },
    })
    await screen.findByText('The newest 1 task')
    fireEvent.click(await button('More'))
    await screen.findByText('2 tasks')
    expect(screen.queryByRole('button', { name: 'More' })).toBeNull()
  })

  it('are asked for again soon while one moves, and seldom while none does', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true })
    let state: Task['state'] = 'running'
    const { asked } = await open('/operations', sees, {
      ...business([kind()], []),
      'GET /api/v1/tasks': () => ({ items: [task({ state })] }),
    })
    await screen.findByTestId('task')
    const reads = () => asked.filter(line => line.startsWith('GET /api/v1/tasks?')).length
    const before = reads()
    state = 'done'
    await act(() => vi.advanceTimersByTimeAsync(5_100))
    expect(reads()).toBe(before + 1)
    await screen.findByText('Done', { selector: '[data-tone]' })
    await act(() => vi.advanceTimersByTimeAsync(5_000))
    expect(reads()).toBe(before + 1)
    await act(() => vi.advanceTimersByTimeAsync(12_000))
    expect(reads()).toBe(before + 2)
  })

  it('are asked for again when an event tells of one', async () => {
    let state: Task['state'] = 'scheduled'
    await open('/operations', sees, {
      ...business([kind()], []),
      'GET /api/v1/tasks': () => ({ items: [task({ state })] }),
    })
    await screen.findByText('Scheduled')
    await waitFor(() => expect(live.options).toBeDefined())
    state = 'cancelled'
    live.options?.onEvent({
      id: 'e1',
      type: 'task.cancelled',
      time: new Date().toISOString(),
      data: { account: 'acc_1', audience: 'operations', collection: 'tasks', id: 't1' },
    })
    await screen.findByText('Cancelled', { selector: '[data-tone]' })
  })

  it('are in the menu of those who may see them, and of nobody else', async () => {
    const { asked } = await open('/operations', ['self:manage'], {})
    await screen.findByText('Not open to your role')
    expect(screen.queryByRole('link', { name: 'Operations' })).toBeNull()
    expect(asked.some(line => line.includes('/task'))).toBe(false)
    cleanup()
    await open('/visits', ['record:read', 'task:read'], {})
    expect(await screen.findByRole('link', { name: 'Operations' })).toBeTruthy()
  })
})

describe('one task', () => {
  it('tells why it failed and all its attempts, and leads on by its request', async () => {
    const { router } = await open(
      '/operations/t1',
      manages,
      one(failed(), { 'GET /api/v1/tasks/t1/payload': () => ({ payload: { month: 13 } }) }),
    )
    const told = await screen.findByTestId('failure')
    expect(told.textContent).toContain('The month 13 does not exist.')
    expect(told.textContent).toContain('Change what it is to do')
    const attempts = screen.getAllByTestId('attempt').map(attempt => attempt.textContent)
    expect(attempts[0]).toContain('Attempt 1: failed')
    expect(attempts[0]).toContain('12 s')
    expect(attempts[0]).toContain('The store did not answer.')
    expect(attempts[1]).toContain('Attempt 2: failed for good')
    expect(screen.getByText('3 min 5 s')).toBeTruthy()
    expect(screen.getByTestId('request-id').textContent).toBe('request-0001')
    fireEvent.click(screen.getByRole('link', { name: 'Show it in the audit log' }))
    await waitFor(() => expect(router.state.location.pathname).toBe('/settings/audit'))
    expect(router.state.location.search).toEqual({ cause: 'request-0001' })
  })

  it('shows those who may only look nothing to press', async () => {
    const { asked } = await open('/operations/t1', sees, one(failed()))
    await screen.findByTestId('failure')
    for (const name of ['Try again', 'Cancel the task', 'Save and try again']) {
      expect(screen.queryByRole('button', { name })).toBeNull()
    }
    expect(screen.queryByRole('link', { name: 'Show it in the audit log' })).toBeNull()
    expect(asked.some(line => line.includes('payload'))).toBe(false)
  })

  it('is mended and begins anew', async () => {
    let now = failed()
    const { last } = await open('/operations/t1', manages, {
      ...business([kind()], []),
      'GET /api/v1/tasks/t1': () => now,
      'GET /api/v1/tasks/t1/payload': () => ({ payload: { month: 13 } }),
      'PUT /api/v1/tasks/t1/payload': (_, { body }) => {
        const { payload } = JSON.parse(String(body)) as { payload: { month: number } }
        if (payload.month > 12)
          return new Refusal(400, 'The payload is not what this kind of task reads: month.')
        now = detail({ state: 'waiting' })
        return now
      },
    })
    const editor = await screen.findByRole('textbox', { name: 'What it is to do, as JSON' })
    expect((editor as HTMLTextAreaElement).value).toBe('{\n  "month": 13\n}')
    const send = (value: string) => {
      fireEvent.change(editor, { target: { value } })
      fireEvent.click(screen.getByRole('button', { name: 'Save and try again' }))
    }
    send('{"month": ')
    await screen.findByText(/This is not JSON/)
    expect(editor.getAttribute('aria-invalid')).toBe('true')
    expect(last('PUT /api/v1/tasks/t1/payload')).toBeUndefined()
    send('{"month": 14}')
    await screen.findByText('The payload is not what this kind of task reads: month.')
    send('{"month": 12}')
    await screen.findByText('The task begins anew with what you wrote.')
    expect(last('PUT /api/v1/tasks/t1/payload')?.body).toEqual({ payload: { month: 12 } })
    await waitFor(() => expect(screen.getByTestId('task-detail').dataset.state).toBe('waiting'))
    expect(screen.queryByRole('textbox', { name: 'What it is to do, as JSON' })).toBeNull()
  })

  it('does not take a draft away by Escape', async () => {
    const { router } = await open(
      '/operations/t1',
      manages,
      one(failed(), { 'GET /api/v1/tasks/t1/payload': () => ({ payload: {} }) }),
    )
    const editor = await screen.findByRole('textbox', { name: 'What it is to do, as JSON' })
    fireEvent.change(editor, { target: { value: '{"a": 1}' } })
    fireEvent.keyDown(editor, { key: 'Escape' })
    fireEvent.click(screen.getByRole('button', { name: 'Undo the changes' }))
    expect(router.state.location.pathname).toBe('/operations/t1')
    fireEvent.keyDown(editor, { key: 'Escape' })
    await waitFor(() => expect(router.state.location.pathname).toBe('/operations'))
  })

  it('is cancelled when that is meant', async () => {
    let now = detail({ state: 'running', startedAt: ago(60), attempt: 3 })
    const { last } = await open('/operations/t1', manages, {
      ...business([kind()], []),
      'GET /api/v1/tasks/t1': () => now,
      'POST /api/v1/tasks/t1/cancel': () => {
        now = detail({ state: 'cancelling', startedAt: ago(60), attempt: 3 })
        return now
      },
    })
    await screen.findByText('Attempt 3: running')
    fireEvent.click(await button('Cancel the task'))
    await screen.findByText('It stops within seconds. What it has done by then stays done.')
    expect(last('POST /api/v1/tasks/t1/cancel')).toBeUndefined()
    fireEvent.click(screen.getByTestId('confirm'))
    expect(await button('Being cancelled…')).toBeTruthy()
    now = detail({ state: 'cancelled' })
    await waitFor(() => expect(screen.getByTestId('task-detail').dataset.state).toBe('cancelled'), {
      timeout: 8_000,
    })
    expect(screen.queryByRole('button', { name: /cancel/i })).toBeNull()
  })

  it('goes on before its time', async () => {
    let now = detail({ state: 'scheduled', runAt: ago(-7200) })
    await open('/operations/t1', manages, {
      ...business([kind()], []),
      'GET /api/v1/tasks/t1': () => now,
      'POST /api/v1/tasks/t1/retry': () => {
        now = detail({ state: 'waiting' })
        return now
      },
    })
    fireEvent.click(await button('Begin now'))
    await screen.findByText('The task goes on.')
    await waitFor(() => expect(screen.getByTestId('task-detail').dataset.state).toBe('waiting'))
  })

  it('tells of its parts, and shows them', async () => {
    const { router } = await open(
      '/operations/t1',
      sees,
      one(detail({ state: 'parted', children: { total: 12, open: 3, done: 8, failed: 1, cancelled: 0 } })),
    )
    await screen.findByText('12 parts')
    expect(screen.getByText('8 done, 3 still to do, 1 failed')).toBeTruthy()
    fireEvent.click(screen.getByRole('link', { name: 'Show the parts' }))
    await waitFor(() => expect(router.state.location.search).toEqual({ parent: 't1' }))
    expect(router.state.location.pathname).toBe('/operations')
  })

  it('says that it was cancelled before it began, and how far back the attempts go', async () => {
    await open(
      '/operations/t1',
      sees,
      one(
        detail({
          state: 'cancelled',
          timeline: [
            { number: 7, began: ago(50), ended: ago(40), outcome: 'transient' },
            { number: 7, began: ago(50), ended: ago(10), outcome: 'cancelled' },
          ],
        }),
      ),
    )
    await screen.findByText('Only the last 2 are kept.')
    expect(screen.getAllByTestId('attempt').map(attempt => attempt.textContent?.split(/\d{4}/)[0])).toEqual([
      expect.stringContaining('Attempt 7: failed'),
      expect.stringMatching(/^Cancelled/),
    ])
  })

  it('may be gone', async () => {
    await open('/operations/t9', sees, business([kind()], []))
    expect(await screen.findByText(/a task is kept for a while after its end/)).toBeTruthy()
  })
})
