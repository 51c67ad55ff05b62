import { act, cleanup, screen, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FiguresRef, FiguresUser, Options } from '../realtime'
import { open } from '../test/dashboard'
import { summary } from '../test/summary'

interface Having {
  of: FiguresRef
  user: FiguresUser
  over: boolean
}

const live = vi.hoisted(() => ({ options: undefined as Options | undefined, having: [] as Having[] }))

vi.mock('../realtime', async () => {
  const { connect } = await import('../test/realtime')
  return {
    connect: (options: Options) => {
      live.options = options
      return {
        ...connect(),
        figures: (of: FiguresRef, user: FiguresUser) => {
          const one = { of, user, over: false }
          live.having.push(one)
          return () => {
            one.over = true
            user.pushing(false)
          }
        },
      }
    },
  }
})

async function overview(path = '/?period=today') {
  live.having = []
  const page = await open(path, ['summary:read', 'record:read', 'finance:read'], {
    '/api/v1/dashboard/summary': () => summary(true),
  })
  await screen.findByTestId('kpi-collected-value')
  await waitFor(() => expect(live.having.length).toBeGreaterThan(0))
  return { ...page, read: () => page.asked.filter(line => line.includes('/dashboard/summary')).length }
}

const now = () => live.having.findLast(one => !one.over)
const collected = () => screen.getByTestId('kpi-collected-value').dataset.value

/** The figures with another amount collected. */
function figures(cents: number) {
  const { collected, ...rest } = summary(true)
  return { ...rest, collected: collected && { ...collected, cents } }
}

const happen = () =>
  act(async () =>
    live.options?.onEvent({
      id: crypto.randomUUID(),
      type: 'payment.received',
      time: '2026-11-24T10:00:00Z',
      data: { account: 'acc_1', audience: 'finance', collection: 'payments', id: 'Payment_1' },
    }),
  )

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('figures that are pushed', () => {
  it('are those of the period and of what one may see', async () => {
    const { router } = await overview()
    expect(now()?.of).toEqual({ account: 'acc_1', money: true, period: 'today' })
    await act(() => router.navigate({ to: '/', search: { period: '7d' } }))
    await waitFor(() => expect(now()?.of.period).toBe('7d'))
    expect(live.having.filter(one => !one.over)).toHaveLength(1)
  })

  it('are shown as they come', async () => {
    await overview()
    await act(async () => now()?.user.changed(figures(777)))
    await waitFor(() => expect(collected()).toBe('777'))
  })

  it('are read again after an event only while they are not pushed', async () => {
    const { read } = await overview()
    await act(async () => {
      now()?.user.changed(figures(777))
      now()?.user.pushing(true)
    })
    const before = read()
    await happen()
    await act(() => new Promise(resolve => setTimeout(resolve, 1_500))) // longer than changes are gathered
    expect(read()).toBe(before)
    expect(collected()).toBe('777')
    await act(async () => now()?.user.pushing(false))
    await happen()
    await waitFor(() => expect(read()).toBeGreaterThan(before), { timeout: 5_000 })
  })

  it('are read again after a gap all the same', async () => {
    const { read } = await overview()
    await act(async () => now()?.user.pushing(true))
    const before = read()
    await act(async () => live.options?.onGap(null))
    await waitFor(() => expect(read()).toBeGreaterThan(before), { timeout: 5_000 })
  })
})
