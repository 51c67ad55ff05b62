import { expect, test } from '@playwright/test'
import { make, recordId, signIn } from './stack.ts'

const rounds = Number(process.env.ROUNDS ?? 20)
const actions = ['visits/any/complete', 'invoices/any/pay', 'quotes/any/approve', 'clients']

/** The figure is reported, not asserted: a busy machine says nothing about the product. */
test('how long an action takes from Jobber to the screen', async ({ page }) => {
  test.setTimeout(300_000)
  await signIn(page, 'owner')
  // The page notes when each record's line first stood in the feed.
  await page.evaluate(() => {
    const seen: Record<string, number> = {}
    ;(window as any).seen = seen
    const note = () => {
      for (const item of document.querySelectorAll<HTMLElement>('[data-testid=activity-item]')) {
        seen[`${item.dataset.entity} ${item.dataset.type}`] ??= Date.now()
      }
    }
    note()
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true })
  })
  const known = new Set(Object.keys(await page.evaluate(() => (window as any).seen)))
  const took: number[] = []
  const byAction: Record<string, number[]> = {}
  for (let i = 0; i < rounds; i++) {
    const started = Date.now()
    const { id } = await make(actions[i % actions.length]!)
    const entity = id.includes('_') ? id : recordId(id)
    const shown = await page.waitForFunction(
      ([entity, known]) => {
        const seen = (window as any).seen as Record<string, number>
        const key = Object.keys(seen).find(key => key.startsWith(`${entity} `) && !known.includes(key))
        return key ? [key, seen[key]!] : null
      },
      [entity, [...known]] as const,
      { polling: 20, timeout: 20_000 },
    )
    const [key, at] = (await shown.jsonValue()) as [string, number]
    known.add(key)
    took.push(at - started)
    ;(byAction[actions[i % actions.length]!] ??= []).push(at - started)
  }
  for (const [name, times] of [['all', took] as const, ...Object.entries(byAction)]) {
    times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.max(0, Math.ceil(share * times.length) - 1)]!
    console.log(`from control action to screen, ${name}, ${times.length} times: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`)
  }
  expect(took).toHaveLength(rounds)
})
