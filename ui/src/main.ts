import { createApp } from 'vue'
import App from './App.vue'
import { restoreLanguage } from './i18n'
import './style.css'

restoreLanguage()
createApp(App).mount('#app')
