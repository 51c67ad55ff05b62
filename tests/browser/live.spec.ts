import { expect, type Page, test } from '@playwright/test'
import { signIn } from './stack.ts'

const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 960 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 960 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const

/** Goes from page to page without loading anew, as somebody who is at work does. */
async function visit(page: Page, path: string) {
  await page.evaluate(to => {
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, path)
}

for (const look of looks) {
  test(`people see each other, and one ends the other's connection: ${look.name}`, async ({ browser }) => {
    const options = { colorScheme: look.colorScheme, viewport: look.viewport }
    const [mine, theirs] = [await browser.newContext(options), await browser.newContext(options)]
    const [owner, viewer] = [await mine.newPage(), await theirs.newPage()]
    const picture = (name: string, of: Page) =>
      of.screenshot({ path: `${process.env.RESULTS ?? 'results'}/${name}-${look.name}.png`, animations: 'disabled' })
    await signIn(owner, 'owner')
    await signIn(viewer, 'viewer')

    // Both look at the same client.
    await visit(owner, '/clients')
    const first = owner.locator('a[href^="/clients/"]').first()
    await expect(first).toBeVisible()
    const record = (await first.getAttribute('href'))?.split('?')[0] ?? ''
    await visit(owner, record)
    await expect(owner.getByTestId('record-detail')).toBeVisible()
    await visit(viewer, record)
    await expect(owner.getByTestId('viewers')).toContainText('Vera Moss is also looking at this')
    await expect(viewer.getByTestId('viewers')).toContainText('Robin Hale is also looking at this')
    await picture('viewers', owner)
    await visit(viewer, '/')
    await expect(owner.getByTestId('viewers')).toHaveCount(0)

    await visit(owner, '/settings/live')
    const theirRow = owner.getByTestId('live-connection').filter({ hasText: 'Vera Moss' }).first()
    await expect(theirRow).toBeVisible()
    await picture('settings-live-people', owner)
    await theirRow.getByRole('button', { name: 'End a connection of Vera Moss' }).click()
    await expect(owner.getByTestId('confirm')).toBeVisible()
    await picture('settings-live-confirm', owner)
    await owner.getByTestId('confirm').click()
    await expect(viewer.getByTestId('connection-ended')).toBeVisible()
    await picture('connection-ended', viewer)
    await viewer.getByRole('button', { name: 'Reconnect' }).click()
    await expect(viewer.getByTestId('connection-indicator').first()).toHaveAttribute('data-state', 'live')
    await expect(viewer.getByTestId('connection-ended')).toHaveCount(0)
    await mine.close()
    await theirs.close()
  })
}
