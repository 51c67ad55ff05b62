import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pace } from '../api/pace'
import { Coalescer } from './coalescer'
import { Pacer } from './pacer'

/** A server that lets in so many requests a minute, as many at once, and tells what is left. */
class Server {
  admitted = 0
  refused = 0
  lowest = Number.POSITIVE_INFINITY
  #owed = 0
  readonly #unitMs: number

  constructor(readonly quota: number) {
    this.#unitMs = 60_000 / quota
  }

  answer(): Headers {
    const debt = Math.max(this.#owed - Date.now(), 0)
    const fits = debt + this.#unitMs <= 60_000
    const after = fits ? debt + this.#unitMs : debt
    this.#owed = Date.now() + after
    const remaining = Math.floor((60_000 - after) / this.#unitMs)
    if (fits) this.admitted++
    else this.refused++
    this.lowest = Math.min(this.lowest, remaining)
    return new Headers({
      RateLimit: `"user";r=${remaining};t=${Math.max(1, Math.ceil((remaining * this.#unitMs) / 1000))}`,
      'RateLimit-Policy': `"user";q=${this.quota};w=60`,
    })
  }
}

const latencyMs = 60

/** A page of one person, which reads again so many queries at each run. */
class Page {
  readonly runs: number[] = []
  readonly #server: Server
  readonly #pace = new Pace()
  readonly #coalescer: Coalescer<string>

  constructor(server: Server, queries: number) {
    this.#server = server
    const pacer = new Pacer(this.#pace)
    this.#coalescer = new Coalescer<string>(() => {
      this.runs.push(Date.now())
      return pacer.run(() => Promise.all(Array.from({ length: queries }, () => this.read())))
    }, pacer.hold)
  }

  async read(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, latencyMs))
    this.#pace.note(this.#server.answer())
  }

  change(): void {
    this.#coalescer.mark(['a'])
  }

  close(): void {
    this.#coalescer.stop()
  }
}

const minute = 60_000

describe('live reading', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-11-24T10:00:00Z') })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A change each so many milliseconds. */
  const changes = async (page: Page, everyMs: number, forMs: number) => {
    for (let ms = 0; ms < forMs; ms += everyMs) {
      page.change()
      await vi.advanceTimersByTimeAsync(everyMs)
    }
  }

  it.each([200, 1_000, 2_500, 5_000])(
    'of a business where something happens every %d ms is never refused',
    async everyMs => {
      const server = new Server(100)
      const page = new Page(server, 6)
      await changes(page, everyMs, 10 * minute)
      page.close()
      expect(server.refused).toBe(0)
      // What is there is used: what changes is shown about as often as the quota lets it, or at each change.
      expect(page.runs.length).toBeGreaterThan(0.9 * Math.min((10 * 100) / 6, (10 * minute) / everyMs))
      // And the person at the page finds enough left for what they click.
      expect(server.lowest).toBeGreaterThanOrEqual(100 * 0.25 - 6)
    },
  )

  it('shows the first change at once', () => {
    const page = new Page(new Server(100), 6)
    page.change()
    expect(page.runs).toEqual([Date.now()])
    page.close()
  })

  it('shows a change after a quiet spell at once, even from the reserve', async () => {
    const server = new Server(100)
    const page = new Page(server, 6)
    page.change()
    await vi.advanceTimersByTimeAsync(11_000)
    for (let i = 0; i < 80; i++) void page.read() // the person clicks about
    await vi.advanceTimersByTimeAsync(latencyMs)
    const now = Date.now()
    page.change()
    expect(page.runs.at(-1)).toBe(now)
    await vi.advanceTimersByTimeAsync(minute)
    page.close()
    expect(server.refused).toBe(0)
  })

  it('waits when nothing is left at all, and then goes on', async () => {
    const server = new Server(100)
    const page = new Page(server, 6)
    for (let i = 0; i < 100; i++) void page.read()
    await vi.advanceTimersByTimeAsync(latencyMs)
    page.change()
    expect(page.runs).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(minute)
    page.close()
    expect(page.runs).toHaveLength(1)
    expect(server.refused).toBe(0)
  })

  it('of a person with two open pages is refused hardly ever', async () => {
    const server = new Server(100)
    const pages = [new Page(server, 6), new Page(server, 6)]
    for (let ms = 0; ms < 10 * minute; ms += 500) {
      for (const page of pages) page.change()
      await vi.advanceTimersByTimeAsync(500)
    }
    for (const page of pages) page.close()
    expect(server.refused).toBeLessThan(server.admitted / 100)
  })

  it('follows a quota that became smaller', async () => {
    const server = new Server(13)
    const page = new Page(server, 6)
    await changes(page, 1_000, 10 * minute)
    page.close()
    expect(server.refused).toBe(0)
    expect(page.runs.length).toBeGreaterThan(15)
  })

  it('stops with the page, also while it waits', async () => {
    const server = new Server(100)
    const page = new Page(server, 6)
    for (let i = 0; i < 100; i++) void page.read()
    await vi.advanceTimersByTimeAsync(latencyMs)
    page.change()
    page.close()
    await vi.advanceTimersByTimeAsync(5 * minute)
    expect(page.runs).toHaveLength(0)
  })
})
