import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keys } from '../api/queries'
import type { FieldEvent } from '../api/types'
import { Coalescer } from './coalescer'
import { belongsInFeed, everything, touchedBy } from './effects'
import { mergeEvents, withEvent } from './feed'
import { everyMinute } from './minute'
import { noticeOf } from './notices'
import { refresh } from './refresh'

function event(type: string, collection = '', id = '', over: Partial<FieldEvent> = {}): FieldEvent {
  return {
    id: `${type}-${id}`,
    type,
    time: '2026-11-24T10:00:00Z',
    data: { account: 'acc_1', audience: 'operations', collection, id },
    ...over,
  }
}

const keysOf = (e: FieldEvent) => touchedBy(e).map(key => JSON.parse(key))

describe('what an event makes out of date', () => {
  it('is the summary, the lists and the record, for what the summary counts', () => {
    expect(keysOf(event('visit.completed', 'visits', 'Visit_12'))).toEqual([
      ['summary'],
      ['list', 'visits'],
      ['record', 'visits', 'Visit_12'],
    ])
  })

  it('leaves the summary alone where no figure moves', () => {
    expect(keysOf(event('client.updated', 'clients', 'Client_1'))).toEqual([
      ['list', 'clients'],
      ['record', 'clients', 'Client_1'],
    ])
  })

  it('is the state of the copy while it runs, and everything when it is done', () => {
    expect(keysOf(event('sync.progress'))).toEqual([['sync'], ['summary']])
    expect(keysOf(event('jobber.disconnected'))).toEqual([['sync'], ['summary']])
    expect(keysOf(event('health.degraded'))).toEqual([['sync'], ['summary']])
    expect(touchedBy(event('sync.completed'))).toEqual([everything])
  })

  it('is every record of the kind when an event does not say which', () => {
    expect(keysOf(event('visit.completed', 'visits'))).toEqual([
      ['summary'],
      ['list', 'visits'],
      ['record', 'visits'],
    ])
    expect(touchedBy({ type: 'client.updated', data: { collection: 'clients' } })).toEqual([
      '["list","clients"]',
      '["record","clients"]',
    ])
  })

  it.each([
    [
      'member.invited',
      ['members', 'invitations', 'sessions', 'member-sessions', 'live-connections', 'api-keys'],
    ],
    [
      'member.role_changed',
      ['members', 'invitations', 'sessions', 'member-sessions', 'live-connections', 'api-keys'],
    ],
    ['task.completed', ['tasks', 'task', 'task-kinds']],
    ['task.failed', ['tasks', 'task', 'task-kinds']],
    ['task.progress', ['tasks', 'task']],
    ['security.key_created', ['api-keys']],
    ['security.key_revoked', ['api-keys']],
    ['security.signed_in', ['sessions', 'member-sessions', 'live-connections']],
    ['security.session_ended', ['sessions', 'member-sessions', 'live-connections']],
    ['security.refresh_reused', ['sessions', 'member-sessions', 'live-connections']],
    ['security.settings_changed', ['account']],
    ['security.connection_ended', ['live-connections']],
    ['security.export_made', ['audit-exports']],
    ['security.person_erased', ['audit-exports']],
    ['security.limit_tightened', []],
    ['security.audit_read', []],
    ['security.events_expired', []],
  ])('of %s is what shows it', (type, touched) => {
    expect(keysOf(event(type)).flat()).toEqual(touched)
  })

  it('is the task that an event of background work names', () => {
    expect(keysOf(event('task.cancelled', 'tasks', 't1'))).toEqual([
      ['tasks'],
      ['task', 't1'],
      ['task-kinds'],
    ])
  })

  it.each([
    ['report.make', 'reports'],
    ['batch.run', 'batches'],
  ])('of a task of kind %s is also the list of what it makes', (detail, list) => {
    const told = event('task.progress', 'tasks', 't1')
    expect(keysOf({ ...told, data: { ...told.data, detail } })).toEqual([['tasks'], ['task', 't1'], [list]])
  })

  it('is nothing for an event about no record', () => {
    expect(touchedBy(event('visit.completed'))).toEqual([])
  })
})

describe('refresh', () => {
  const watch = (client: QueryClient, queryKey: readonly unknown[], queryFn: () => unknown) =>
    new QueryObserver(client, { queryKey, queryFn, staleTime: Number.POSITIVE_INFINITY }).subscribe(() => {})

  it('reads again what the event touched and nothing else', async () => {
    const client = new QueryClient()
    const read: string[] = []
    const shown = [
      keys.summary('30d'),
      [...keys.lists('visits'), { sort: 'startAt' }],
      [...keys.lists('jobs'), {}],
      keys.record('visits', 'Visit_12'),
      keys.record('visits', 'Visit_13'),
    ]
    for (const key of shown) watch(client, key, () => read.push(JSON.stringify(key)))
    await vi.waitFor(() => expect(client.isFetching()).toBe(0))
    expect(read).toHaveLength(5)
    read.length = 0
    await Promise.all(keysOf(event('visit.completed', 'visits', 'Visit_12')).map(key => refresh(client, key)))
    expect(read.sort()).toEqual([
      '["list","visits",{"sort":"startAt"}]',
      '["record","visits","Visit_12"]',
      '["summary","30d"]',
    ])
    client.clear()
  })

  it('reads once more what was being read for the first time when the change came', async () => {
    const client = new QueryClient()
    const answer: ((value: string) => void)[] = []
    watch(client, ['summary', '7d'], () => new Promise(resolve => answer.push(resolve)))
    const done = refresh(client, ['summary'])
    answer[0]?.('before the change')
    await vi.waitFor(() => expect(answer).toHaveLength(2))
    answer[1]?.('after it')
    await done
    expect(client.getQueryData(['summary', '7d'])).toBe('after it')
    client.clear()
  })
})

describe('the feed', () => {
  const at = (id: string, time: string) => event('visit.completed', 'visits', id, { id, time })

  it('keeps events newest first and each once, live or stored', () => {
    const stored = [at('c', '2026-11-24T10:00:02Z'), at('a', '2026-11-24T09:00:00Z')]
    const live = [at('d', '2026-11-24T10:00:05Z'), at('c', '2026-11-24T10:00:02Z')]
    expect(mergeEvents(live, stored).map(e => e.id)).toEqual(['d', 'c', 'a'])
  })

  it('leads with the latest arrival among events of one instant', () => {
    const same = '2026-11-24T10:00:00Z'
    expect(mergeEvents([at('b', same)], [at('a', same)]).map(e => e.id)).toEqual(['b', 'a'])
  })

  it('takes a repeated event once and does not grow for ever', () => {
    let events: readonly FieldEvent[] = []
    for (let i = 0; i < 150; i++) events = withEvent(events, at(`e${i}`, '2026-11-24T10:00:00Z'))
    expect(events).toHaveLength(100)
    expect(events[0]?.id).toBe('e149')
    expect(withEvent(events, at('e149', '2026-11-24T10:00:00Z'))).toBe(events)
  })

  it('does not tell what has nothing to say, nor what is not of the business', () => {
    expect(belongsInFeed(event('visit.completed', 'visits'))).toBe(false)
    expect(belongsInFeed({ type: 'visit.completed', data: { collection: 'visits' } })).toBe(false)
    const data = { account: 'acc_1', audience: 'security' as const }
    expect(belongsInFeed(event('member.invited', '', '', { data }))).toBe(false)
    const personal = { account: 'acc_1', audience: 'personal' as const }
    expect(belongsInFeed(event('security.signed_in', '', '', { data: personal }))).toBe(false)
  })

  it('does not tell the progress of a copy line by line', () => {
    expect(belongsInFeed(event('sync.progress'))).toBe(false)
    expect(belongsInFeed(event('sync.completed'))).toBe(true)
  })
})

describe('the notice of an event', () => {
  const of = (type: string, audience: 'personal' | 'security') =>
    noticeOf(event(type, '', '', { data: { account: 'acc_1', audience } }))

  it('is for the member alone whom it concerns', () => {
    expect(of('security.refresh_reused', 'personal')).toMatchObject({
      title: 'Someone used an old sign-in of yours',
      urgent: true,
    })
    expect(of('security.session_ended', 'personal')?.urgent).toBe(false)
    expect(of('security.connection_ended', 'personal')?.message).toBe('You are still signed in.')
    expect(of('security.signed_in', 'personal')?.title).toBe('You signed in somewhere else')
    expect(of('security.refresh_reused', 'security')).toBeUndefined()
    expect(of('security.something_new', 'personal')).toBeUndefined()
  })
})

describe('Coalescer', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const recorded = () => {
    const runs: string[][] = []
    const coalescer = new Coalescer<string>(async marked => {
      runs.push([...marked].sort())
    })
    return { runs, coalescer }
  }

  it('runs a single mark at once', () => {
    const { runs, coalescer } = recorded()
    coalescer.mark(['a'])
    expect(runs).toEqual([['a']])
  })

  it('gathers what follows within the pause into one run', async () => {
    const { runs, coalescer } = recorded()
    coalescer.mark(['a'])
    for (let i = 0; i < 50; i++) coalescer.mark(['a', 'b'])
    await vi.advanceTimersByTimeAsync(80)
    expect(runs).toEqual([['a'], ['a', 'b']])
  })

  it('waits for work under way, then runs once more', async () => {
    const finish: (() => void)[] = []
    let runs = 0
    const coalescer = new Coalescer<string>(() => {
      runs++
      return new Promise(resolve => finish.push(resolve))
    })
    coalescer.mark(['a'])
    coalescer.mark(['a'])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(runs).toBe(1)
    finish[0]?.()
    await vi.advanceTimersByTimeAsync(80)
    expect(runs).toBe(2)
  })

  it('slows down while a burst goes on and is quick again after it', async () => {
    const { runs, coalescer } = recorded()
    for (let ms = 0; ms < 60_000; ms += 20) {
      coalescer.mark(['a'])
      await vi.advanceTimersByTimeAsync(20)
    }
    expect(runs.length).toBeLessThan(35)
    expect(runs.length).toBeGreaterThan(15)
    await vi.advanceTimersByTimeAsync(10_000)
    const before = runs.length
    coalescer.mark(['a'])
    expect(runs.length).toBe(before + 1)
  })

  it('does nothing more once stopped', async () => {
    const { runs, coalescer } = recorded()
    coalescer.mark(['a'])
    coalescer.mark(['b'])
    coalescer.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(runs).toEqual([['a']])
  })
})

describe('everyMinute', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('calls just after each full minute until it is stopped', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-11-24T10:00:30Z') })
    const called = vi.fn()
    const stop = everyMinute(called)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(called).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(called).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(called).toHaveBeenCalledTimes(2)
    stop()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(called).toHaveBeenCalledTimes(2)
  })
})
