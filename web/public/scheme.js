// Sets the colour scheme before the first paint, so that a dark screen never flashes white.
;(() => {
  let scheme = null
  try {
    scheme = localStorage.getItem('mantine-color-scheme-value')
  } catch {
    // Storage can be blocked; the system's preference is used then.
  }
  if (scheme !== 'light' && scheme !== 'dark') {
    scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  }
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme)
  document.documentElement.style.backgroundColor = scheme === 'dark' ? '#111415' : '#f7f8f8'
})()
