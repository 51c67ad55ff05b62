/** What of an address the client library means for the server's eyes alone: its first command, with the access token. */
const command = 'cf_connect'

/**
 * Server-sent events whose request is a POST. A browser's own EventSource can tell the token in the address alone, which is
 * kept in the logs of requests. It has what the client library uses of one, and does not connect again by itself: the
 * library does.
 */
export class PostedEventSource {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onerror: ((error: unknown) => void) | null = null
  readonly #stop = new AbortController()

  constructor(address: string) {
    const url = new URL(address)
    const body = url.searchParams.get(command) ?? ''
    url.searchParams.delete(command)
    void this.#read(url.toString(), body)
  }

  close(): void {
    this.#stop.abort()
  }

  async #read(url: string, body: string): Promise<void> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body,
        headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
        credentials: 'same-origin',
        signal: this.#stop.signal,
      })
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`)
      this.onopen?.()
      for await (const data of messages(answer.body)) this.onmessage?.({ data })
      throw new Error('the stream ended')
    } catch (error) {
      if (!this.#stop.signal.aborted) this.onerror?.(error)
    }
  }
}

/**
 * The data of each event of a stream, by the HTML standard's rules for text/event-stream (section 9.2.6), without the fields
 * that the service does not send.
 */
async function* messages(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader()
  const text = new TextDecoder()
  let left = ''
  let data: string[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    // A carriage return at the end may be half of a line's end.
    const lines = (left + text.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    left = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
      if (line !== '' || data.length === 0) continue
      yield data.join('\n')
      data = []
    }
  }
}
