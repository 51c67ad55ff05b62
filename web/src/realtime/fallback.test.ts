import { afterEach, expect, it, vi } from 'vitest'
import { connect } from '.'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A network that lets no WebSocket through. */
class Refused extends EventTarget {
  onerror?: (e: unknown) => void
  onclose?: (e: unknown) => void
  constructor() {
    super()
    setTimeout(() => {
      this.onerror?.({})
      this.onclose?.({ code: 1006, reason: '' })
    })
  }
  close() {}
  send() {}
}

it('falls back to a stream where no WebSocket gets through', async () => {
  vi.stubGlobal('WebSocket', Refused)
  const asked: { url: string; body: string; credentials: unknown }[] = []
  const event = { id: 'e1', type: 'visit.updated', data: { collection: 'visits' } }
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, body: String(init.body), credentials: init.credentials })
    const text = new TextEncoder()
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(
          text.encode('{"id":1,"connect":{"client":"c","session":"s","node":"n","subs":{"a":{}}}}\n'),
        )
        controller.enqueue(
          text.encode(`${JSON.stringify({ push: { channel: 'a', pub: { data: event } } })}\n`),
        )
      },
    })
    return new Response(stream, { status: 200 })
  })
  const states: string[] = []
  const got: unknown[] = []
  const { close } = connect({
    url: 'ws://live.test',
    token: async () => 't1',
    renew: async () => {},
    isOver: () => false,
    onEvent: e => got.push(e),
    onGap: () => {},
    onRecovered: () => {},
    onState: state => states.push(state),
  })
  await vi.waitFor(() => expect(got).toEqual([event]))
  close()
  expect(states).toEqual(['connecting', 'live'])
  expect(asked[0]?.url).toBe('http://live.test/connection/http_stream')
  expect(asked[0]?.body).toContain('"token":"t1"')
  expect(asked[0]?.credentials).toBe('same-origin') // so none, to another origin
})

it('falls back to server-sent events where a stream is held back, with no token in the address', async () => {
  vi.stubGlobal('WebSocket', Refused)
  const asked: { url: string; body: string }[] = []
  const event = { id: 'e1', type: 'visit.updated', data: { collection: 'visits' } }
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    if (url.endsWith('/http_stream')) return new Response('not here', { status: 502 })
    asked.push({ url, body: String(init.body) })
    const { id } = JSON.parse(String(init.body)) as { id: number }
    const lines = [
      '\r\n',
      `data: {"id":${id},"connect":{"client":"c","session":"s","node":"n","subs":{"a":{}}}}\r\n\r\nda`,
      `ta: ${JSON.stringify({ push: { channel: 'a', pub: { data: event } } })}\n`,
      '\n',
    ]
    const text = new TextEncoder()
    const stream = new ReadableStream({
      start: controller => lines.forEach(line => void controller.enqueue(text.encode(line))),
    })
    return new Response(stream, { status: 200 })
  })
  const got: unknown[] = []
  const { close } = connect({
    url: 'ws://live.test',
    token: async () => 't1',
    renew: async () => {},
    isOver: () => false,
    onEvent: e => got.push(e),
    onGap: () => {},
    onRecovered: () => {},
    onState: () => {},
  })
  await vi.waitFor(() => expect(got).toEqual([event]), 10_000)
  close()
  expect(asked[0]?.url).toBe('http://live.test/connection/sse')
  expect(asked[0]?.body).toContain('"token":"t1"')
})
