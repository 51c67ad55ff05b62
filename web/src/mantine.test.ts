import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import listed from './mantine.ts?raw'

const styles = 'node_modules/@mantine/core/styles'
/** What a component is made of that has no name in the pages. */
const parts: Record<string, string[]> = {
  MultiSelect: ['PillsInput', 'Pill'],
  TagsInput: ['PillsInput', 'Pill'],
  Checkbox: ['InlineInput'],
  Switch: ['InlineInput'],
}

/** The components of Mantine that the sources import. */
function used(): Set<string> {
  const sources = import.meta.glob<string>('./**/*.{ts,tsx}', {
    query: '?raw',
    import: 'default',
    eager: true,
  })
  const names = new Set<string>()
  for (const source of Object.values(sources)) {
    for (const [, list = ''] of source.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)) {
      for (const name of list.split(',')) names.add(name.replace('type ', '').trim())
    }
  }
  return names
}

it('brings the styles of every component that is used', () => {
  const wanted = [...used()].flatMap(name => [name, ...(parts[name] ?? [])])
  expect(wanted).toContain('Button')
  const missing = wanted.filter(
    name => existsSync(`${styles}/${name}.layer.css`) && !listed.includes(`/${name}.layer.css'`),
  )
  expect(missing).toEqual([])
})
