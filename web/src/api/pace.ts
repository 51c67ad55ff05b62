/** What one limit allowed at some moment. */
export interface Limit {
  /** Units that were left. */
  remaining: number
  /** Units that a rest gives back at most. */
  quota: number
  /** The time that gives back one unit, in milliseconds. */
  unitMs: number
}

/**
 * Reads the RateLimit and RateLimit-Policy fields of an answer
 * (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/). What is malformed says nothing.
 */
export function limitsOf(headers: Headers): Limit[] {
  const policies = new Map(items(headers.get('RateLimit-Policy')).map(item => [item.name, item.values]))
  const limits: Limit[] = []
  for (const { name, values } of items(headers.get('RateLimit'))) {
    const remaining = values.get('r')
    const window = values.get('t') ?? 0
    if (remaining === undefined) continue
    const quota = policies.get(name)?.get('q') ?? remaining
    const period = policies.get(name)?.get('w')
    const unitMs = period && quota ? (period * 1000) / quota : (window * 1000) / Math.max(remaining, 1)
    limits.push({ remaining, quota: Math.max(quota, 1), unitMs })
  }
  return limits
}

interface Item {
  name: string
  values: Map<string, number>
}

/** The items of a structured field's list whose values are strings, with their parameters that are whole numbers. */
function items(field: string | null): Item[] {
  const found: Item[] = []
  for (const [, name = '', parameters = ''] of (field ?? '').matchAll(/"([^"\\]*)"((?:\s*;[^,;"]*)*)/g)) {
    const values = new Map<string, number>()
    for (const [, key = '', value] of parameters.matchAll(
      /;\s*([a-z*][a-z0-9_.*-]*)=(\d{1,15})(?=;|\s|$)/g,
    )) {
      values.set(key, Number(value))
    }
    found.push({ name, values })
  }
  return found
}

/** Remembers what the last answers told of the limits, so that who can wait knows for how long. */
export class Pace {
  #limits: Limit[] = []
  #at = 0
  #answers = 0

  /** Takes in an answer to a request that was charged to the person who is signed in. */
  note(headers: Headers): void {
    this.#answers++
    const limits = limitsOf(headers)
    if (limits.length === 0) return
    this.#limits = limits
    this.#at = Date.now()
  }

  /** How many answers there have been. */
  get answers(): number {
    return this.#answers
  }

  /** Milliseconds until so many requests leave at least this share of every quota; 0 while nothing is known of limits. */
  wait(requests: number, leave: number): number {
    const since = Date.now() - this.#at
    const waits = this.#limits.map(({ remaining, quota, unitMs }) => {
      const needed = Math.min(requests + leave * quota, quota)
      return (needed - remaining) * unitMs - since
    })
    return Math.max(0, Math.ceil(Math.max(0, ...waits)))
  }
}

/** The pace of this page's one person. */
export const pace = new Pace()
