/** For how long nobody touches a page before they count as away from it. */
const idleMs = 3 * 60_000

const touches = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart', 'scroll'] as const

/** Tells when the page is left alone, that is hidden or not touched for some minutes, and at once when it is not any more. */
export function watchIdle(told: (idle: boolean) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let idle = false
  let touched = Date.now()
  const look = () => {
    clearTimeout(timer)
    const left = document.visibilityState === 'hidden' ? 0 : touched + idleMs - Date.now()
    if (left > 0) timer = setTimeout(look, left)
    if (idle === left <= 0) return
    idle = !idle
    told(idle)
  }
  // The timer stays where it is while somebody is there: it looks at when the page was touched last.
  const touch = () => {
    touched = Date.now()
    if (idle) look()
  }
  const turned = () => {
    if (document.visibilityState === 'visible') touched = Date.now()
    look()
  }
  for (const name of touches) window.addEventListener(name, touch, { passive: true, capture: true })
  document.addEventListener('visibilitychange', turned)
  look()
  return () => {
    clearTimeout(timer)
    for (const name of touches) window.removeEventListener(name, touch, { capture: true })
    document.removeEventListener('visibilitychange', turned)
  }
}
