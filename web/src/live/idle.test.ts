import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchIdle } from './idle'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const minute = 60_000

function show(state: DocumentVisibilityState) {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
  document.dispatchEvent(new Event('visibilitychange'))
}

it('tells of a page that nobody touches for some minutes, and at once when somebody does', () => {
  const told: boolean[] = []
  const stop = watchIdle(idle => told.push(idle))
  vi.advanceTimersByTime(2 * minute)
  window.dispatchEvent(new Event('pointermove'))
  vi.advanceTimersByTime(2 * minute)
  expect(told).toEqual([])
  vi.advanceTimersByTime(2 * minute)
  expect(told).toEqual([true])
  window.dispatchEvent(new Event('keydown'))
  expect(told).toEqual([true, false])
  vi.advanceTimersByTime(4 * minute)
  expect(told).toEqual([true, false, true])
  stop()
  window.dispatchEvent(new Event('keydown'))
  expect(told).toEqual([true, false, true])
})

it('tells at once of a page that is hidden, and of one that is shown again', () => {
  const told: boolean[] = []
  const stop = watchIdle(idle => told.push(idle))
  show('hidden')
  show('hidden')
  expect(told).toEqual([true])
  show('visible')
  expect(told).toEqual([true, false])
  stop()
})
