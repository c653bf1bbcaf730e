import { createRouter, createWebHistory } from "vue-router";
import { session } from "./session";

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", redirect: "/exams" },
    { path: "/login", component: () => import("./pages/LoginPage.vue"), meta: { open: true } },
    { path: "/exams", component: () => import("./pages/ExamsPage.vue") },
    { path: "/exams/:id", component: () => import("./pages/ExamPage.vue"), props: true },
    { path: "/exams/:id/candidates", component: () => import("./pages/CandidatesPage.vue"), props: true },
    { path: "/attempts/:id", component: () => import("./pages/AttemptPage.vue"), props: true },
    { path: "/attempts/:id/log", component: () => import("./pages/LogPage.vue"), props: true },
    { path: "/review/:id", component: () => import("./pages/ReviewPage.vue"), props: true },
    { path: "/:rest(.*)*", redirect: "/exams" },
  ],
});

router.beforeEach(async (to) => {
  if (to.meta.open || (await session.known())) return true;
  return { path: "/login", query: { next: to.fullPath } };
});
