import { useRef } from 'react'

/**
 * The Idempotency-Key of a form. Sending the same thing again, after an answer that was lost, has the same key and happens
 * once; another text, or the next submission after one that went through, has its own.
 */
export function useSubmission(): { keyOf: (body: unknown) => string; done: () => void } {
  const last = useRef({ body: '', key: '' })
  return {
    keyOf: body => {
      const text = JSON.stringify(body) ?? ''
      if (!last.current.key || last.current.body !== text) {
        last.current = { body: text, key: crypto.randomUUID() }
      }
      return last.current.key
    },
    done: () => {
      last.current = { body: '', key: '' }
    },
  }
}
