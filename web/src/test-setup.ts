import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// The DOM of the tests lays nothing out, and Mantine asks for these.
window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
})) as unknown as typeof window.matchMedia
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
}

// Pages are loaded when they are first opened, which takes its time on a busy machine.
configure({ asyncUtilTimeout: 15_000 })

afterEach(cleanup)
