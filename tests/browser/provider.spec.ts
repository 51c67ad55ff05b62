import { expect, type Page, test } from '@playwright/test'
import { invite, mailedLink, signIn } from './stack.ts'

/** Everything that the page keeps or shows where a token must never be. */
async function traces(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify([location.href, { ...sessionStorage }, { ...localStorage }]))
}

async function toProvider(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await expect(page.getByRole('heading', { name: 'Choose an account' })).toBeVisible()
}

test('somebody signs in at the provider and goes on where they wanted to', async ({ page }) => {
  const written: string[] = []
  page.on('console', message => written.push(message.text()))
  await page.goto('/visits?q=a')
  await toProvider(page)
  const asked = new URL(page.url()).searchParams
  expect(asked.get('redirect_uri')).toBe(`${process.env.FIELDBOARD_URL}/sign-in/callback`)
  await page.getByRole('button', { name: /Robin Hale/ }).click()
  await expect(page).toHaveURL('/visits?q=a')
  await page.getByRole('link', { name: 'Overview' }).first().click()
  await expect(page.getByTestId('kpi-revenue')).toBeVisible()
  expect(await traces(page)).not.toMatch(/eyJ|id_token|fieldboard-departure/)
  expect(written.join('\n')).not.toMatch(/eyJ|id_token/)
  await page.goBack()
  await page.goBack().catch(() => {})
  expect(await traces(page), 'the way back has no token either').not.toMatch(/eyJ|id_token=/)
})

test('the provider’s button lands on the overview', async ({ page }) => {
  await page.goto('/')
  await toProvider(page)
  await page.getByRole('button', { name: /Dana Reyes/ }).click()
  await expect(page.getByTestId('kpi-visits-today')).toBeVisible()
  await page.reload()
  await expect(page.getByTestId('kpi-visits-today'), 'the session outlives a reload').toBeVisible()
})

test('an answer of another sign-in is refused', async ({ page }) => {
  const opened: string[] = []
  page.on('request', request => {
    if (request.method() === 'POST' && request.url().endsWith('/api/v1/session')) opened.push(request.url())
  })
  await page.goto('/sign-in')
  await toProvider(page)
  // The provider sends back a state that this tab did not send.
  await page.locator('input[name=state]').evaluateAll(inputs => {
    for (const input of inputs) (input as HTMLInputElement).value = 'guessed'
  })
  await page.getByRole('button', { name: /Robin Hale/ }).click()
  await expect(page.getByRole('heading', { name: 'This sign-in was not started here' })).toBeVisible()
  expect(page.url()).toBe(`${process.env.FIELDBOARD_URL}/sign-in/callback`)
  expect(opened).toEqual([])
  await page.getByRole('button', { name: 'Back to sign-in' }).click()
  await expect(page.getByTestId('sign-in-email')).toBeVisible()
})

test('a token that was made for another sign-in is refused', async ({ page }) => {
  await page.goto('/sign-in')
  await toProvider(page)
  await page.locator('input[name=nonce]').evaluateAll(inputs => {
    for (const input of inputs) (input as HTMLInputElement).value = 'guessed'
  })
  await page.getByRole('button', { name: /Robin Hale/ }).click()
  await expect(page.getByRole('heading', { name: 'This sign-in was not started here' })).toBeVisible()
})

test('who cancels, or is in no business, is told so', async ({ page }) => {
  await page.goto('/sign-in')
  await toProvider(page)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('heading', { name: 'You did not sign in' })).toBeVisible()
  await page.getByRole('button', { name: 'Back to sign-in' }).click()
  await toProvider(page)
  await page.getByPlaceholder('somebody@example.test').fill('stranger@example.test')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByTestId('sign-in-error')).toContainText('in no business')
})

test('the invited join by the provider', async ({ page, browser }) => {
  await signIn(page, 'owner')
  await invite(page, 'pat@example.test')
  const theirs = await (await browser.newContext()).newPage()
  await theirs.goto(await mailedLink('pat@example.test'))
  await toProvider(theirs)
  await theirs.getByPlaceholder('somebody@example.test').fill('pat@example.test')
  await theirs.getByRole('button', { name: 'Continue' }).click()
  await expect(theirs.getByTestId('kpi-visits-today')).toBeVisible()
  expect(await traces(theirs)).not.toMatch(/eyJ|id_token|fieldboard-departure/)
  await theirs.context().close()
})
