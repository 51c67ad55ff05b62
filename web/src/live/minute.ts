/** Calls back just after each full minute, when visits begin or turn late, while the page is visible. */
export function everyMinute(callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const arm = () => {
    timer = setTimeout(
      () => {
        if (document.visibilityState === 'visible') callback()
        arm()
      },
      60_250 - (Date.now() % 60_000),
    )
  }
  arm()
  return () => clearTimeout(timer)
}
