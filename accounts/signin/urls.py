"""The addresses of signing in."""

from django.urls import path

from accounts.signin import google, views

app_name = "signin"
urlpatterns = [
    path("sign-in/", views.address, name="address"),
    path("sign-in/method/", views.method, name="method"),
    path("sign-in/link/", views.send_link, name="send_link"),
    path("sign-in/next/", views.next_step, name="next"),
    path("sign-in/google/known/", google.google_known, name="google_known"),
    path("sign-in/google/refused/", google.google_refused, name="google_refused"),
    path("sign-up/", views.SignUpView.as_view(), name="sign_up"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
