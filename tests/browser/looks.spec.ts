import { expect, test } from '@playwright/test'
import { signIn } from './stack.ts'

const pages = ['/', '/visits', '/clients', '/requests', '/quotes', '/jobs', '/invoices', '/payments', '/connect', '/nowhere']
const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 960 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 960 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const

for (const look of looks) {
  test(`every page holds together: ${look.name}`, async ({ browser }) => {
    test.setTimeout(180_000)
    const context = await browser.newContext({ colorScheme: look.colorScheme, viewport: look.viewport })
    const page = await context.newPage()
    const broken: string[] = []
    page.on('pageerror', error => broken.push(String(error)))
    page.on('console', message => {
      // The browser itself writes a line for an answer that is no success; a session that is not there yet is one.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) broken.push(message.text())
    })
    await page.goto('/')
    await expect(page.getByTestId('sign-in-submit')).toBeVisible()
    await page.screenshot({ path: shot(`sign-in-${look.name}`) })
    await signIn(page, 'owner')
    for (const path of pages) {
      await page.goto(path)
      await page.waitForLoadState('networkidle').catch(() => {})
      await expect(page.locator('main')).toBeVisible()
      await page.waitForTimeout(600) // numbers count up
      const spill = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(spill, `${path} is wider than the screen`).toBeLessThanOrEqual(0)
      await page.screenshot({ path: shot(`${path === '/' ? 'overview' : path.slice(1)}-${look.name}`), fullPage: path === '/' })
    }
    expect(broken).toEqual([])
    await context.close()
  })
}

function shot(name: string): string {
  return `${process.env.RESULTS ?? 'results'}/${name}.png`
}
