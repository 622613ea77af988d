from rest_framework import serializers


class Credentials(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, style={"input_type": "password"})


class Token(serializers.Serializer):
    token = serializers.CharField(help_text="Shown once. Send it as `Authorization: Token …`.")
    expires_at = serializers.DateTimeField()
