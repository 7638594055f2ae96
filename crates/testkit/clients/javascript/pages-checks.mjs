// What is asked inside a page. Each function runs there by itself, so it may use nothing of this file; it gives sentences.

/** Nothing is wider than the screen, cut off, or too small to hit. */
export function fits() {
  const faults = []
  const screen = document.documentElement.clientWidth
  const name = (element) => `${element.tagName.toLowerCase()}${element.id && `#${element.id}`}.${element.className}`
  const isHidden = (element) =>
    !element.checkVisibility() || element.closest('.visually-hidden, .skip:not(:focus), thead, svg') || !element.getClientRects().length
  if (document.documentElement.scrollWidth > screen) {
    faults.push(`${document.documentElement.scrollWidth} px wide on a screen of ${screen} px`)
  }
  for (const element of document.body.querySelectorAll('*')) {
    if (isHidden(element)) continue
    const box = element.getBoundingClientRect()
    if (box.right > screen + 0.5 || box.left < -0.5) faults.push(`${name(element)} leaves the screen`)
    const style = getComputedStyle(element)
    const isCut = style.overflow !== 'visible' && !element.matches('input, select')
    if (isCut && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)) {
      faults.push(`${name(element)} cuts off its text`)
    }
    if (element.matches('button, select, .button, input:not([type=checkbox], [type=hidden])') && box.height < 43.5) {
      faults.push(`${name(element)} is ${box.height} px high`)
    }
    const isInSentence = element.matches('a') && style.display === 'inline'
    if (element.matches('a, summary, label.check') && !isInSentence && Math.min(box.height, box.width) < 24) {
      faults.push(`${name(element)} is too small to hit`)
    }
  }
  return faults
}

/** WCAG 2.2, 1.4.12: what people set who need more space. A sheet that a script makes is not what the policy forbids. */
export function spread() {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(
    '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }',
  )
  document.adoptedStyleSheets = [sheet]
}

/** WCAG 2.2, 2.4.7: whoever uses a keyboard sees where it is. */
export function focusIsSeen() {
  const faults = []
  for (const element of document.querySelectorAll('a[href], button, input, select, summary')) {
    if (!element.checkVisibility() || element.tabIndex < 0 || element.disabled || element.type === 'hidden') continue
    element.focus({ focusVisible: true })
    const { outlineStyle, outlineWidth } = getComputedStyle(element)
    if (document.activeElement === element && (outlineStyle === 'none' || parseFloat(outlineWidth) < 2)) {
      faults.push(`the focus is not seen on ${element.tagName.toLowerCase()}#${element.id}`)
    }
  }
  document.activeElement?.blur()
  return faults
}

/** Backgrounds are gone where people choose the colours, so that edges must say what is a control; nothing moves. */
export function hasBorders() {
  const faults = []
  for (const element of document.querySelectorAll('.input, .button:not(.quiet), .choice, .notice, .badge')) {
    if (!element.checkVisibility()) continue
    if (parseFloat(getComputedStyle(element).borderTopWidth) < 1) faults.push(`.${element.className} has no edge`)
  }
  for (const element of document.querySelectorAll('*')) {
    const { transitionDuration, animationName } = getComputedStyle(element)
    if (transitionDuration !== '0s' || animationName !== 'none') faults.push(`${element.tagName} moves`)
  }
  return faults
}

/**
 * The pseudo-locale puts each sentence between brackets. What stands outside of them is a name, an address or a code, and
 * marked as such, or a sentence that was written into a template.
 */
export function isTranslated() {
  const faults = []
  const DATA = 'noscript, bdi, time, code, pre, dd, option, .brand, .mono, [translate=no], :not(html)[lang], :not(html)[dir], .avatar, title'
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  let depth = 0
  while (walker.nextNode()) {
    let outside = ''
    for (const letter of walker.currentNode.data) {
      if (letter === '⟦') depth += 1
      else if (letter === '⟧') depth -= 1
      else if (depth === 0) outside += letter
    }
    const element = walker.currentNode.parentElement
    if (/\p{L}{2}/u.test(outside) && !element.closest(DATA)) faults.push(`not translated: ${outside.trim()}`)
  }
  for (const element of document.body.querySelectorAll('[aria-label], [placeholder], [title], [alt]')) {
    for (const attribute of ['aria-label', 'placeholder', 'title', 'alt']) {
      const words = element.getAttribute(attribute)
      // What a browser calls itself is the title of its name.
      const isData = attribute === 'title' && element.querySelector('bdi')
      if (words && !isData && !words.startsWith('⟦')) faults.push(`not translated: ${attribute}="${words}"`)
    }
  }
  return faults
}
