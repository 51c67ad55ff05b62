import type { Centrifuge } from 'centrifuge'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Room, type Viewer } from './room'

interface Info {
  client: string
  user: string
  chanInfo: { name: string; idle: boolean }
}

/** The client library's part of a room, which the tests play. */
class FakeSubscription {
  there: Info[] = []
  left = false
  /** Holds the answers to who is there until it is called. */
  answer: (() => void) | undefined
  slow = false
  #listeners = new Map<string, (context: unknown) => void>()
  on(name: string, listener: (context: never) => void) {
    this.#listeners.set(name, listener as (context: unknown) => void)
  }
  removeAllListeners() {
    this.#listeners.clear()
  }
  subscribe() {}
  unsubscribe() {
    this.left = true
  }
  async presence() {
    const clients = Object.fromEntries(this.there.map(info => [info.client, info]))
    if (this.slow) await new Promise<void>(resolve => (this.answer = resolve))
    return { clients }
  }
  happen(name: string, info?: Info) {
    this.#listeners.get(name)?.({ info })
  }
}

function client() {
  const subscription = new FakeSubscription()
  const channels: string[] = []
  const fake = {
    newSubscription: (channel: string) => {
      channels.push(channel)
      return subscription
    },
    removeSubscription: () => {},
  }
  return { subscription, channels, client: fake as unknown as Centrifuge }
}

const info = (connection: string, name: string, idle = false): Info => ({
  client: connection,
  user: `id-of-${name}`,
  chanInfo: { name, idle },
})

function enter() {
  let viewers: Viewer[] = []
  const room = new Room({ account: 'acc_1', collection: 'visits', id: 'Visit_12' }, now => {
    viewers = now
  })
  const first = client()
  room.follow(first.client)
  return { room, ...first, names: () => viewers.map(({ name, idle }) => (idle ? `${name} (idle)` : name)) }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a room', () => {
  it('is the channel of its record', () => {
    expect(enter().channels).toEqual(['record:acc_1:visits:Visit_12'])
  })

  it('knows who is there, who comes, who turns idle and who leaves', async () => {
    const { subscription, names } = enter()
    subscription.there = [info('1', 'Sam')]
    subscription.happen('subscribed')
    await vi.advanceTimersByTimeAsync(0)
    expect(names()).toEqual(['Sam'])
    subscription.happen('join', info('2', 'Priya'))
    expect(names()).toEqual(['Priya', 'Sam'])
    subscription.happen('join', info('2', 'Priya', true))
    expect(names()).toEqual(['Priya (idle)', 'Sam'])
    subscription.happen('leave', info('1', 'Sam'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(names()).toEqual(['Priya (idle)'])
  })

  it('counts a person once, and as idle only when all their pages are', () => {
    const { subscription, names } = enter()
    subscription.happen('join', info('1', 'Sam', true))
    subscription.happen('join', info('2', 'Sam'))
    expect(names()).toEqual(['Sam'])
    subscription.happen('join', info('2', 'Sam', true))
    expect(names()).toEqual(['Sam (idle)'])
  })

  it('does not let go of somebody who comes back at once', async () => {
    const { subscription, names } = enter()
    subscription.happen('join', info('1', 'Sam'))
    subscription.happen('leave', info('1', 'Sam'))
    subscription.happen('join', info('2', 'Sam'))
    expect(names()).toEqual(['Sam'])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(names()).toEqual(['Sam'])
  })

  it('keeps who came while it was asked who is there', async () => {
    const { subscription, names } = enter()
    subscription.slow = true
    subscription.happen('subscribed')
    subscription.happen('join', info('1', 'Sam'))
    subscription.answer?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(names()).toEqual(['Sam'])
  })

  it('finds out that somebody is gone who did not say so', async () => {
    const { subscription, names } = enter()
    subscription.there = [info('1', 'Me'), info('2', 'Sam')]
    subscription.happen('subscribed')
    await vi.advanceTimersByTimeAsync(0)
    subscription.there = [info('1', 'Me')]
    await vi.advanceTimersByTimeAsync(21_000)
    expect(names()).toEqual(['Me'])
  })

  it('moves to another connection without a word to who looks', async () => {
    const { room, subscription, names } = enter()
    subscription.happen('join', info('1', 'Sam'))
    const next = client()
    room.follow(next.client)
    subscription.happen('leave', info('1', 'Sam'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(names()).toEqual(['Sam'])
    next.subscription.there = [info('9', 'Ana')]
    next.subscription.happen('subscribed')
    await vi.advanceTimersByTimeAsync(0)
    expect(names()).toEqual(['Ana'])
    room.close()
    expect(next.subscription.left).toBe(true)
  })
})
