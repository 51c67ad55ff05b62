import { type Browser, expect, type Page, test } from '@playwright/test'
import { invite, make, recordId, signIn, truth } from './stack.ts'

const offlineMs = 60_000

/** Somebody's browser of their own. */
async function browserOf(browser: Browser, who: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await signIn(page, who)
  return page
}

const activity = (page: Page, id: string) =>
  page.locator(`[data-testid=activity-item][data-entity="${recordId(id)}"]`).first()

const collected = (page: Page) => page.getByTestId('kpi-collected-value')

test('what one does, two see', async ({ browser }) => {
  const [owner, admin] = [await browserOf(browser, 'owner'), await browserOf(browser, 'admin')]

  const visit = await make('visits/any/complete')
  await expect(activity(owner, visit.id)).toBeVisible()
  await expect(activity(admin, visit.id)).toBeVisible()

  await admin.goto('/settings/members')
  await invite(owner, 'two.screens@example.test')
  await expect(admin.getByText('two.screens@example.test')).toBeVisible()

  for (const page of [owner, admin]) {
    await page.goto('/clients')
    await page.getByTestId('record-row').nth(2).getByRole('link').first().click()
    await expect(page.getByTestId('record-detail')).toBeVisible()
  }
  await expect(owner.getByTestId('viewers')).toContainText('Ada Brook')
  await expect(admin.getByTestId('viewers')).toContainText('Robin Hale')
  await admin.keyboard.press('Escape')
  await expect(owner.getByTestId('viewers')).toHaveCount(0)
})

test('figures come by themselves, and are not read for each change', async ({ page }) => {
  await signIn(page, 'owner')
  await expect(collected(page)).toHaveAttribute('data-value', String((await truth('30d')).collected.cents))
  await page.waitForTimeout(3_000) // what is read once after the page was opened
  const read: string[] = []
  page.on('request', request => {
    if (request.url().includes('/dashboard/summary')) read.push(request.url())
  })
  for (let i = 0; i < 5; i++) {
    await make('invoices/any/pay')
    await expect(collected(page)).toHaveAttribute('data-value', String((await truth('30d')).collected.cents))
  }
  expect(read).toEqual([])
})

test('who was away for a minute has missed nothing', async ({ browser }) => {
  test.setTimeout(offlineMs + 90_000)
  const [here, away] = [await browserOf(browser, 'owner'), await browserOf(browser, 'admin')]
  await away.context().setOffline(true)
  await expect(away.getByTestId('connection-indicator').first()).not.toHaveAttribute('data-state', 'live')
  const began = Date.now()
  const done: string[] = []
  for (const action of ['clients', 'visits/any/complete', 'invoices/any/pay', 'clients', 'quotes/any/approve']) {
    done.push((await make(action)).id)
  }
  for (const id of done) await expect(activity(here, id)).toBeVisible()
  await away.waitForTimeout(Math.max(0, offlineMs - (Date.now() - began)))
  for (const id of done) await expect(activity(away, id)).toHaveCount(0)
  await away.context().setOffline(false)
  for (const id of done) await expect(activity(away, id)).toBeVisible()
  await expect(collected(away)).toHaveAttribute('data-value', String((await truth('30d')).collected.cents))
  await expect(away.getByTestId('connection-indicator').first()).toHaveAttribute('data-state', 'live')
})
