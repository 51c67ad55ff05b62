import {
  ActionIcon,
  Button,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  Popover,
  Tooltip,
} from '@mantine/core'

const pine: MantineColorsTuple = [
  '#effaf8',
  '#d7f1ed',
  '#ade2db',
  '#7fd0c6',
  '#53bbae',
  '#2fa396',
  '#178a7e',
  '#0f766e',
  '#0c5e58',
  '#094b46',
]

const dark: MantineColorsTuple = [
  '#d5dcdb',
  '#b3bdbc',
  '#93a09e',
  '#6d7a78',
  '#363e3f',
  '#2b3233',
  '#1f2526',
  '#16191b',
  '#111415',
  '#0b0d0e',
]

const gray: MantineColorsTuple = [
  '#f7f8f8',
  '#eff1f1',
  '#e6e9e9',
  '#d9dddd',
  '#c6cccb',
  '#a7b0af',
  '#7d8887',
  '#5b6766',
  '#374241',
  '#16201f',
]

const red: MantineColorsTuple = [
  '#fdebe9',
  '#fbd5d1',
  '#f5aba4',
  '#ee7f75',
  '#e75c50',
  '#e04a3e',
  '#d63f34',
  '#c8372d',
  '#a72c23',
  '#86221b',
]

export const theme = createTheme({
  primaryColor: 'pine',
  primaryShade: { light: 7, dark: 7 },
  colors: { pine, dark, gray, red },
  black: '#16201f',
  fontFamily:
    "'Inter Variable', -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: { fontWeight: '600' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    Popover: Popover.extend({ defaultProps: { shadow: 'md', radius: 8 } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300 } }),
  },
})

/** Mantine's own colours, tied to ours. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5b6766',
    '--mantine-color-placeholder': '#6b7776',
    '--mantine-color-default-border': '#d9dddd',
  },
  dark: {
    '--mantine-color-body': '#171b1c',
    '--mantine-color-text': '#e6ebea',
    '--mantine-color-dimmed': '#95a2a0',
    '--mantine-color-placeholder': '#8b9896',
    '--mantine-color-default-border': '#2f3637',
  },
})
