import { describe, expect, it } from 'vitest'
import { emulationOf, transportsOf } from './addresses'

describe('the ways to the realtime service', () => {
  it.each([
    ['http://127.0.0.1:8090', 'ws://127.0.0.1:8090', 'http://127.0.0.1:8090'],
    ['ws://127.0.0.1:8090', 'ws://127.0.0.1:8090', 'http://127.0.0.1:8090'],
    ['https://live.example.test/', 'wss://live.example.test', 'https://live.example.test'],
    ['wss://live.example.test/rt', 'wss://live.example.test/rt', 'https://live.example.test/rt'],
  ])('come from %s', (base, ws, http) => {
    expect(transportsOf(base)).toEqual([
      { transport: 'websocket', endpoint: `${ws}/connection/websocket` },
      { transport: 'http_stream', endpoint: `${http}/connection/http_stream` },
      { transport: 'sse', endpoint: `${http}/connection/sse` },
    ])
    expect(emulationOf(base)).toBe(`${http}/connection/emulation`)
  })
})
