import { useReducedMotion } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'

const tweenMs = 450
/** Changes this small are shown at once: there is nothing to count through. */
const smallStep = 10

/** The number on its way from the last value to this one. */
export function useTween(value: number): number {
  const reduced = useReducedMotion()
  const [shown, setShown] = useState(value)
  const current = useRef(value)

  useEffect(() => {
    const from = current.current
    const still = reduced || document.visibilityState === 'hidden' || Math.abs(value - from) < smallStep
    if (still) {
      current.current = value
      setShown(value)
      return
    }
    const begun = performance.now()
    let frame = requestAnimationFrame(function step(at) {
      const progress = Math.min(1, Math.max(0, (at - begun) / tweenMs))
      const eased = 1 - (1 - progress) ** 3
      current.current = progress === 1 ? value : Math.round(from + (value - from) * eased)
      setShown(current.current)
      if (progress < 1) frame = requestAnimationFrame(step)
    })
    return () => cancelAnimationFrame(frame)
  }, [value, reduced])

  return shown
}

/** By how much the value last changed since it was first shown, and a count of the changes: a key to restart an effect by. */
export function useLastChange(value: number): { by: number; times: number } {
  const [state, setState] = useState({ value, by: 0, times: 0 })
  if (state.value !== value) {
    const next = { value, by: value - state.value, times: state.times + 1 }
    setState(next)
    return next
  }
  return state
}

/** How often the value has changed since it was first shown. */
export function useChanges(value: unknown): number {
  const [state, setState] = useState({ value, times: 0 })
  if (state.value !== value) {
    const next = { value, times: state.times + 1 }
    setState(next)
    return next.times
  }
  return state.times
}
