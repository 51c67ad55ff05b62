import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Options, connect as openLive } from './connect'

type Listener = (context: unknown) => void

/** The client library's part of a connection, which the tests play. */
class Fake {
  state = 'connecting'
  connects = 0
  closed = false
  readonly #listeners: [string, Listener][] = []
  constructor(
    readonly transports: { transport: string; endpoint: string }[],
    readonly options: { getToken: () => Promise<string>; token: string; emulationEndpoint: string },
  ) {
    clients.push(this)
  }
  on(name: string, listener: Listener) {
    this.#listeners.push([name, listener])
  }
  connect() {
    this.connects++
  }
  removeAllListeners(name?: string) {
    const kept = name ? this.#listeners.filter(([n]) => n !== name) : []
    this.#listeners.splice(0, this.#listeners.length, ...kept)
  }
  disconnect() {
    this.closed = true
  }
  happen(name: string, context: unknown = {}) {
    if (name === 'connected') this.state = 'connected'
    if (name === 'connecting') this.state = 'connecting'
    for (const [n, listener] of [...this.#listeners]) if (n === name) listener(context)
  }
  /** Connects, in the library's order: first the state, then the channels. */
  join(offset: number, over: object = {}) {
    this.happen('connected')
    this.happen('subscribed', {
      channel: 'c',
      wasRecovering: false,
      recovered: false,
      streamPosition: { epoch: 'e', offset },
      ...over,
    })
  }
  bring(offset: number) {
    this.happen('publication', {
      channel: 'c',
      offset,
      data: { id: `e${offset}`, type: 'visit.updated', data: { collection: 'visits' } },
    })
  }
}

let clients: Fake[] = []

vi.mock('centrifuge', () => ({
  UnauthorizedError: class extends Error {},
  Centrifuge: function Centrifuge(...args: ConstructorParameters<typeof Fake>) {
    return new Fake(...args)
  },
}))

function connect(over: Partial<Options> = {}) {
  const options = {
    url: 'http://live.test',
    token: async () => 't1',
    renew: vi.fn(async () => {}),
    isOver: () => false,
    onEvent: vi.fn(),
    onGap: vi.fn(),
    onRecovered: vi.fn(),
    onState: vi.fn(),
    ...over,
  }
  const connection = openLive(options)
  return { ...options, ...connection, client: nth(0) }
}

function nth(n: number): Fake {
  const client = clients[n]
  if (!client) throw new Error(`no client ${n}`)
  return client
}

beforeEach(() => {
  clients = []
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the live connection', () => {
  it('brings another token when the one it gave is not taken any more', async () => {
    let token = 't1'
    const renew = vi.fn(async () => {
      token = 't2'
    })
    const { client } = connect({ token: async () => token, renew })
    expect(await client.options.getToken()).toBe('t1')
    expect(renew).not.toHaveBeenCalled()
    expect(await client.options.getToken()).toBe('t2')
    expect(renew).toHaveBeenCalledTimes(1)
  })

  it('does not renew a token that was renewed meanwhile', async () => {
    let token = 't1'
    const { renew, client } = connect({ token: async () => token })
    await client.options.getToken()
    token = 't2'
    expect(await client.options.getToken()).toBe('t2')
    expect(renew).not.toHaveBeenCalled()
  })

  it('asks whether the session is over when the server says so, and stays away when it is', async () => {
    const { renew, onState, client } = connect({ renew: vi.fn(() => Promise.reject(new Error('over'))) })
    client.happen('disconnected', { code: 4501 })
    await vi.waitFor(() => expect(renew).toHaveBeenCalledTimes(1))
    expect(onState).toHaveBeenLastCalledWith('offline')
    expect(client.connects).toBe(1)
  })

  it('connects again when the session is not over after all', async () => {
    const { client } = connect()
    client.happen('disconnected', { code: 4501 })
    await vi.waitFor(() => expect(client.connects).toBe(2))
  })

  it('stays away when an administrator ended it, until the person wants it back', () => {
    const { client, onState, reconnect } = connect()
    client.happen('disconnected', { code: 4503 })
    window.dispatchEvent(new Event('online'))
    vi.advanceTimersByTime(10 * 60_000)
    expect(onState).toHaveBeenLastCalledWith('ended')
    expect(client.connects).toBe(1)
    reconnect()
    expect(client.connects).toBe(2)
    reconnect()
    expect(client.connects).toBe(2)
  })

  it.each([3504, 4502])('tries again later when there were too many connections (%i)', code => {
    const { client } = connect()
    client.happen('disconnected', { code })
    vi.advanceTimersByTime(59_000)
    expect(client.connects).toBe(1)
    vi.advanceTimersByTime(62_000)
    expect(client.connects).toBe(2)
  })

  it('takes events that say only what kind of thing changed', () => {
    const { onEvent, client } = connect()
    const bare = { type: 'visit.updated', data: { collection: 'visits' } }
    client.happen('publication', { data: bare })
    client.happen('publication', { data: { type: 'visit.updated' } })
    client.happen('publication', { data: 'noise' })
    expect(onEvent).toHaveBeenCalledTimes(1)
    expect(onEvent).toHaveBeenCalledWith(bare)
  })
})

describe('a connection that comes again', () => {
  /** A page that was live at offset 2, and lost its connection. */
  function lost() {
    const page = connect()
    page.client.join(2)
    vi.advanceTimersByTime(1_000)
    expect(vi.mocked(page.onGap).mock.calls).toEqual([[null]]) // of the page's start
    vi.mocked(page.onGap).mockClear()
    page.client.happen('connecting')
    return page
  }

  it('has missed nothing when every channel was recovered', async () => {
    const { client, onGap, onRecovered } = lost()
    client.join(4, { wasRecovering: true, recovered: true })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(onGap).not.toHaveBeenCalled()
    expect(onRecovered).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['could not be recovered', { wasRecovering: true, recovered: false }],
    ['was not there before', { wasRecovering: false, recovered: false }],
  ])('tells of a channel that %s', async (_, over) => {
    const { client, onGap, onRecovered } = lost()
    client.join(4, over)
    client.happen('subscribed', { channel: 'd', wasRecovering: true, recovered: true })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(vi.mocked(onGap).mock.calls).toEqual([['c']])
    expect(onRecovered).not.toHaveBeenCalled()
  })

  it('tells of a channel that is not there any more', async () => {
    const { client, onGap, onRecovered } = lost()
    client.happen('connected')
    client.happen('unsubscribed', { channel: 'c' })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(vi.mocked(onGap).mock.calls).toEqual([['c']])
    expect(onRecovered).not.toHaveBeenCalled()
  })
})

describe('a move to another connection', () => {
  const eventIds = (onEvent: unknown) =>
    vi.mocked(onEvent as Options['onEvent']).mock.calls.map(([e]) => e.id)

  /** A page that is live at offset 3, and was told to move. */
  async function moving() {
    const page = connect()
    await page.client.options.getToken()
    page.client.join(2)
    page.client.bring(3)
    page.client.happen('message', { data: { type: 'move' } })
    await vi.advanceTimersByTimeAsync(0)
    vi.mocked(page.onState).mockClear()
    return { ...page, next: nth(1) }
  }

  it('misses nothing, shows nothing twice, and is not seen', async () => {
    const { client, next, onEvent, onGap, onState } = await moving()
    expect(next.options.token).toBe('t1')
    client.bring(4)
    next.join(5) // what the old one has not brought yet
    await vi.advanceTimersByTimeAsync(0)
    next.bring(6)
    expect(client.closed).toBe(false)
    client.bring(5)
    expect(client.closed).toBe(true)
    client.bring(6)
    next.bring(7)
    expect(eventIds(onEvent)).toEqual(['e3', 'e4', 'e6', 'e5', 'e7'])
    expect(onState).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(onGap).toHaveBeenCalledTimes(1) // of the page's start
    expect(next.closed).toBe(false)
  })

  it('waits for what the old connection recovers when it was lost meanwhile', async () => {
    const { client, next } = await moving()
    client.happen('connecting')
    next.join(5)
    await vi.advanceTimersByTimeAsync(0)
    client.join(5, { wasRecovering: true, recovered: true })
    expect(client.closed).toBe(false)
    client.bring(4)
    expect(client.closed).toBe(false)
    client.bring(5)
    expect(client.closed).toBe(true)
  })

  it('reads everything again when the old connection does not come so far', async () => {
    const { client, next, onGap } = await moving()
    next.join(5)
    await vi.advanceTimersByTimeAsync(1_000)
    const before = vi.mocked(onGap).mock.calls.length
    await vi.advanceTimersByTimeAsync(10_000)
    expect(client.closed).toBe(true)
    expect(onGap).toHaveBeenCalledTimes(before + 1)
  })

  it('stays where it is when the other connection is refused, and follows a later word', async () => {
    const { client, next, onState } = await moving()
    next.happen('disconnected', { code: 3504 })
    expect(next.closed).toBe(true)
    expect(client.closed).toBe(false)
    expect(onState).not.toHaveBeenCalled()
    client.happen('message', { data: { type: 'move' } })
    await vi.advanceTimersByTimeAsync(0)
    expect(clients).toHaveLength(3)
  })

  it('can be made again, and shows a loss after it', async () => {
    const { client, next, onState } = await moving()
    next.join(3)
    await vi.advanceTimersByTimeAsync(0)
    expect(client.closed).toBe(true)
    next.happen('message', { data: { type: 'move', withinMs: 1_000 } })
    next.happen('message', { data: { type: 'move', withinMs: 1_000 } })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(clients).toHaveLength(3)
    nth(2).join(3)
    await vi.advanceTimersByTimeAsync(0)
    expect(next.closed).toBe(true)
    expect(onState).not.toHaveBeenCalled()
    nth(2).happen('connecting')
    expect(onState).toHaveBeenLastCalledWith('reconnecting')
  })

  it('ends with the page', async () => {
    const { client, next, close } = await moving()
    close()
    expect([client.closed, next.closed]).toEqual([true, true])
  })
})
