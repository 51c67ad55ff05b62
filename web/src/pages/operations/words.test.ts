import { describe, expect, it } from 'vitest'
import type { FailureClass, TaskState } from '../../api/types'
import { exactDuration } from '../../format/time'
import { operationsSearch } from './search'
import { askedBy, childrenText, failureText, hasBar, isFailing, progressText, timeLeft } from './words'

describe('how long', () => {
  it.each([
    [3, 'a few seconds left'],
    [11, 'about 20 s left'],
    [50, 'about 50 s left'],
    [51, 'about 1 min left'],
    [130, 'about 2 min left'],
    [5_400, 'about 2 h left'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(timeLeft(seconds)).toBe(text)
  })

  it.each([
    [-5, 'under 0.1 s'],
    [40, 'under 0.1 s'],
    [420, '0.4 s'],
    [12_000, '12 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [7_500_000, '2 h 5 min'],
  ])('an attempt of %d ms took %s', (ms, text) => {
    expect(exactDuration(ms)).toBe(text)
  })
})

describe('how far a task is', () => {
  const progress = { done: 4, total: 8, message: 'Reading', percent: 50, secondsLeft: 30 }

  it('is told with the time left only while it runs', () => {
    expect(progressText({ state: 'running', progress })).toBe('Reading · 50 % · about 30 s left')
    expect(progressText({ state: 'retrying', progress })).toBe('Reading · 50 %')
    expect(progressText({ state: 'running', progress: { ...progress, total: 0, message: '' } })).toBe(
      'about 30 s left',
    )
  })

  it('has no bar when it is done, or where nothing is known', () => {
    const none = { done: 0, total: 0, message: '', percent: 0 }
    expect(hasBar({ state: 'done', progress })).toBe(false)
    expect(hasBar({ state: 'waiting', progress: none })).toBe(false)
    expect(hasBar({ state: 'running', progress: none })).toBe(true)
    expect(hasBar({ state: 'failed', progress })).toBe(true)
  })
})

describe('why a task failed', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  const text = (state: TaskState, failure: FailureClass) =>
    failureText(
      { state, failure: { class: failure, message: '', at: '' }, runAt: '2026-03-01T12:10:00Z' },
      now,
    )

  it('matters until it is over, and is none where it only had to wait', () => {
    const failure = { class: 'transient', message: 'x', at: '' } as const
    expect(isFailing({ state: 'retrying', failure })).toBe(true)
    expect(isFailing({ state: 'cancelled', failure })).toBe(false)
    expect(isFailing({ state: 'retrying' })).toBe(false)
    expect(isFailing({ state: 'scheduled', failure: { ...failure, class: 'throttled' } })).toBe(false)
  })

  it('says what comes next', () => {
    expect(text('failed', 'permanent')).toContain('Change what it is to do')
    expect(text('failed', 'transient')).toContain('as often as it may be')
    expect(text('failed', 'died')).toContain('server')
    expect(text('retrying', 'transient')).toBe('It is tried again in 10 min.')
    expect(text('scheduled', 'throttled')).toContain('goes on in 10 min')
    expect(text('running', 'died')).toBe('That was the last attempt that failed.')
    expect(failureText({ state: 'failed', runAt: '' }, now)).toBe('')
  })
})

it('who asked is said in words', () => {
  expect(askedBy({ by: '', byName: '' }, 'u')).toBe('Fieldboard')
  expect(askedBy({ by: 'u', byName: 'Dana' }, 'u')).toBe('You')
  expect(askedBy({ by: 'ada', byName: 'Ada' }, 'u')).toBe('Ada')
  expect(askedBy({ by: 'gone', byName: '' }, 'u')).toBe('A former member')
})

it('parts are counted by what became of them', () => {
  expect(childrenText({ total: 1500, open: 0, done: 1500, failed: 0, cancelled: 0 })).toBe('1,500 done')
  expect(childrenText({ total: 4, open: 1, done: 1, failed: 1, cancelled: 1 })).toBe(
    '1 done, 1 still to do, 1 failed, 1 cancelled',
  )
})

it('an address keeps what the page understands', () => {
  expect(operationsSearch({ kind: 'report.make', state: 'failed', mine: 'yes', parent: 'p' })).toEqual({
    kind: 'report.make',
    state: 'failed',
    mine: 'yes',
    parent: 'p',
  })
  expect(
    operationsSearch({ kind: '<b>', state: 'retrying', mine: 'no', parent: 'x'.repeat(129), q: 1 }),
  ).toEqual({})
})
