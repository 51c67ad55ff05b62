import { expect, type Page, test } from '@playwright/test'
import { invite, signIn } from './stack.ts'

const pages = [
  '/', '/visits', '/clients', '/requests', '/quotes', '/jobs', '/invoices', '/payments', '/reports', '/schedules', '/batches', '/connect', '/operations', '/nowhere',
  '/settings/members', '/settings/roles', '/settings/sessions', '/settings/live', '/settings/keys', '/settings/audit', '/settings/account',
]
/** Those of people who are not signed in. */
const doors = [
  { name: 'sign-in', path: '/sign-in' },
  { name: 'join-incomplete', path: '/join' },
  { name: 'join-no-good', path: '/join#of-no-invitation' },
  { name: 'provider-failed', path: '/sign-in/callback#error=access_denied&state=of-another-tab' },
]
const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 960 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 960 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const

for (const look of looks) {
  test(`every page holds together: ${look.name}`, async ({ browser }) => {
    test.setTimeout(300_000)
    const context = await browser.newContext({ colorScheme: look.colorScheme, viewport: look.viewport })
    const page = await context.newPage()
    const broken = watch(page)
    const picture = async (name: string, of: Page = page, fullPage = false) => {
      await of.waitForTimeout(600) // numbers count up, dialogs come in
      const spill = await of.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(spill, `${name} is wider than the screen`).toBeLessThanOrEqual(0)
      await of.screenshot({ path: `${process.env.RESULTS ?? 'results'}/${name}-${look.name}.png`, fullPage })
    }

    for (const { name, path } of doors) {
      await page.goto('about:blank') // else only what is behind the # would change
      await page.goto(path)
      await expect(page.getByRole('main').getByRole('heading')).toBeVisible()
      await picture(name)
    }
    await signIn(page, 'owner')
    for (const path of pages) {
      await follow(page, path)
      await picture(path === '/' ? 'overview' : path.slice(1).replace('/', '-'), page, path === '/' || path.startsWith('/settings'))
    }
    const link = await invite(page, `${look.name}@example.test`)
    await picture('invited')

    const guest = await browser.newContext({ colorScheme: look.colorScheme, viewport: look.viewport })
    const theirs = await guest.newPage()
    const brokenToo = watch(theirs)
    await theirs.goto(link)
    await expect(theirs.getByTestId('join-password')).toBeVisible()
    await picture('join', theirs)
    await theirs.goto('about:blank')
    await signIn(theirs, 'technician')
    await picture('technician', theirs, true)
    await theirs.goto(link)
    await expect(theirs.getByRole('heading', { name: 'You are signed in as somebody else' })).toBeVisible()
    await picture('join-as-somebody-else', theirs)
    expect([...broken, ...brokenToo]).toEqual([])
    await guest.close()
    await context.close()
  })
}

/** Goes to a page as a click on a link does, and waits until what it shows has come: loading the whole program anew for each takes minutes. */
async function follow(page: Page, path: string): Promise<void> {
  await page.evaluate(to => {
    window.history.pushState({}, '', to)
    window.dispatchEvent(new PopStateEvent('popstate'))
  }, path)
  await expect(page.locator('main')).toBeVisible()
  await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0)
}

/** What a page says is wrong with it. */
function watch(page: Page): string[] {
  const broken: string[] = []
  page.on('pageerror', error => broken.push(String(error)))
  page.on('console', message => {
    // The browser itself writes a line for an answer that is no success; a session that is not there yet is one.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) broken.push(message.text())
  })
  return broken
}
