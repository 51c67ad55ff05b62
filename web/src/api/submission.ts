import { useRef } from 'react'
import { ApiError, isPassing } from './problem'

export interface Submission {
  keyOf: (body: unknown) => string
  /** To be told how it ended: with nothing, or with what it failed with. */
  settled: (error?: unknown) => void
}

/**
 * The Idempotency-Key of a form. Sending the same thing again, when nobody knows whether it was done, has the same key and
 * happens once. Another text has its own key, and so has the next try after a success or a refusal: the server remembers
 * both, and would answer a try that could now succeed with the refusal of before.
 */
export function useSubmission(): Submission {
  const last = useRef({ body: '', key: '' })
  return {
    keyOf: body => {
      const text = JSON.stringify(body) ?? ''
      if (!last.current.key || last.current.body !== text) {
        last.current = { body: text, key: crypto.randomUUID() }
      }
      return last.current.key
    },
    settled: error => {
      // A wait is asked for while the first try is still being done.
      const open = isPassing(error) || (error instanceof ApiError && error.retryAfter !== undefined)
      if (!open) last.current = { body: '', key: '' }
    },
  }
}
