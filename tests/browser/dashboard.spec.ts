import { expect, test } from '@playwright/test'
import { make, password, signIn, truth } from './stack.ts'

test('a wrong password is told, and the right one leads in', async ({ page }) => {
  await page.goto('/')
  await page.getByTestId('sign-in-email').fill('owner@demo.fieldboard.test')
  await page.getByTestId('sign-in-password').fill('not-the-password')
  await page.getByTestId('sign-in-submit').click()
  await expect(page.getByTestId('sign-in-error')).toBeVisible()
  await page.getByTestId('sign-in-password').fill(password)
  await page.getByTestId('sign-in-submit').click()
  await expect(page.getByTestId('kpi-revenue')).toBeVisible()
  await page.reload()
  await expect(page.getByTestId('kpi-revenue'), 'the session outlives a reload').toBeVisible()
})

test('the overview shows the true figures of each period', async ({ page }) => {
  await signIn(page, 'owner')
  for (const period of ['today', '7d', '30d', 'mtd', 'ytd']) {
    await page.goto(`/?period=${period}`)
    const figures = await truth(period)
    await expect(page.getByTestId('kpi-revenue-value')).toHaveAttribute('data-value', String(figures.revenue.cents))
    await expect(page.getByTestId('kpi-collected-value')).toHaveAttribute('data-value', String(figures.collected.cents))
    await expect(page.getByTestId('kpi-receivables-value')).toHaveAttribute('data-value', String(figures.receivables.cents))
    await expect(page.getByTestId('visits-completed')).toHaveAttribute('data-value', String(figures.visitsToday.completed))
  }
})

test('a payment moves the figures without a reload', async ({ page }) => {
  await signIn(page, 'owner')
  await page.goto('/?period=30d')
  const collected = page.getByTestId('kpi-collected-value')
  const before = await truth('30d')
  await expect(collected).toHaveAttribute('data-value', String(before.collected.cents))
  await page.evaluate(() => {
    ;(window as any).sameDocument = true
  })
  await make('invoices/any/pay')
  const after = await truth('30d')
  expect(after.collected.cents).not.toBe(before.collected.cents)
  await expect(collected).toHaveAttribute('data-value', String(after.collected.cents))
  expect(await page.evaluate(() => (window as any).sameDocument)).toBe(true)
})

for (const who of ['dispatcher', 'technician', 'viewer']) {
  test(`a ${who} sees the work and no money`, async ({ page }) => {
    const money: string[] = []
    page.on('response', async response => {
      if (!response.url().includes('/api/v1/dashboard/summary') || !response.ok()) return
      const body = await response.json()
      if (body.revenue || body.collected || body.receivables || body.pipeline.quotes.cents !== null) money.push(response.url())
    })
    await signIn(page, who)
    await expect(page.getByTestId('visits-completed')).toBeVisible()
    await expect(page.getByTestId('kpi-revenue')).toHaveCount(0)
    await expect(page.getByTestId('kpi-receivables')).toHaveCount(0)
    await expect(page.getByRole('link', { name: 'Invoices' })).toHaveCount(0)
    expect(money).toEqual([])
  })
}

test('a list is searched, opened and left', async ({ page }) => {
  await signIn(page, 'owner')
  await page.goto('/clients')
  const rows = page.getByTestId('record-row')
  await expect(rows.first()).toBeVisible()
  const name = (await rows.nth(3).innerText()).split('\n')[0]!.split('\t')[0]!.trim()
  await page.getByTestId('search').fill(name)
  await expect(rows.first()).toContainText(name)
  await rows.first().getByRole('link').first().click()
  await expect(page.getByTestId('record-detail')).toContainText(name)
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('record-detail')).toHaveCount(0)
  await page.getByTestId('search').fill('zzzzqqqq')
  await expect(rows).toHaveCount(0)
  await expect(page.getByText(/no clients/i).first()).toBeVisible()
})
