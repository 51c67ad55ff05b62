import { defineConfig, devices } from '@playwright/test'

const { FIELDBOARD_URL, CHROMIUM } = process.env
if (!FIELDBOARD_URL) throw new Error('FIELDBOARD_URL is not set: run these tests by `go test ./tests/browser`, which starts the product')

export default defineConfig({
  testDir: '.',
  outputDir: process.env.RESULTS ?? 'results',
  timeout: 90_000,
  expect: { timeout: 20_000 },
  workers: 1,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    ...devices['Desktop Chrome'],
    baseURL: FIELDBOARD_URL,
    viewport: { width: 1440, height: 960 },
    launchOptions: {
      executablePath: CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
    trace: 'off',
    screenshot: 'only-on-failure',
  },
})
