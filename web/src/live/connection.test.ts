import { beforeEach, describe, expect, it, vi } from 'vitest'
import { connectLive, type LiveOptions } from './live'

type Listener = (context: unknown) => void

const client = vi.hoisted(() => ({
  getToken: (() => Promise.resolve('')) as () => Promise<string>,
  listeners: new Map<string, Listener>(),
  connects: 0,
}))

vi.mock('centrifuge', () => ({
  UnauthorizedError: class extends Error {},
  Centrifuge: class {
    state = 'connecting'
    constructor(_url: string, options: { getToken: () => Promise<string> }) {
      client.getToken = options.getToken
    }
    on(name: string, listener: Listener) {
      client.listeners.set(name, listener)
    }
    connect() {
      client.connects++
    }
    removeAllListeners() {}
    disconnect() {}
  },
}))

function connect(over: Partial<LiveOptions> = {}) {
  const options: LiveOptions = {
    url: 'http://live.test',
    token: async () => 't1',
    renew: vi.fn(async () => {}),
    onEvent: vi.fn(),
    onGap: vi.fn(),
    onState: vi.fn(),
    ...over,
  }
  connectLive(options)
  return options
}

beforeEach(() => {
  client.listeners.clear()
  client.connects = 0
})

describe('the live connection', () => {
  it('brings another token when the one it gave is not taken any more', async () => {
    let token = 't1'
    const renew = vi.fn(async () => {
      token = 't2'
    })
    connect({ token: async () => token, renew })
    expect(await client.getToken()).toBe('t1')
    expect(renew).not.toHaveBeenCalled()
    expect(await client.getToken()).toBe('t2')
    expect(renew).toHaveBeenCalledTimes(1)
  })

  it('does not renew a token that was renewed meanwhile', async () => {
    let token = 't1'
    const { renew } = connect({ token: async () => token })
    await client.getToken()
    token = 't2'
    expect(await client.getToken()).toBe('t2')
    expect(renew).not.toHaveBeenCalled()
  })

  it('asks whether the session is over when the server says so, and stays away when it is', async () => {
    const { renew, onState } = connect({ renew: vi.fn(() => Promise.reject(new Error('over'))) })
    client.listeners.get('disconnected')?.({ code: 4501 })
    await vi.waitFor(() => expect(renew).toHaveBeenCalledTimes(1))
    expect(onState).toHaveBeenLastCalledWith('offline')
    expect(client.connects).toBe(1)
  })

  it('connects again when the session is not over after all', async () => {
    connect()
    client.listeners.get('disconnected')?.({ code: 4501 })
    await vi.waitFor(() => expect(client.connects).toBe(2))
  })

  it('takes events that say only what kind of thing changed', () => {
    const { onEvent } = connect()
    const bare = { type: 'visit.updated', data: { collection: 'visits' } }
    client.listeners.get('publication')?.({ data: bare })
    client.listeners.get('publication')?.({ data: { type: 'visit.updated' } })
    client.listeners.get('publication')?.({ data: 'noise' })
    expect(onEvent).toHaveBeenCalledTimes(1)
    expect(onEvent).toHaveBeenCalledWith(bare)
  })
})
