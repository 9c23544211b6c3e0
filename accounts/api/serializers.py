"""People, as the API writes them."""

from typing import Any

from rest_framework import serializers

from accounts.models import User


class PersonSerializer(serializers.ModelSerializer[User]):
    """A person, as people of the same course may know them."""

    name = serializers.CharField()

    class Meta:
        model = User
        fields = ["id", "name", "email", "login"]
        read_only_fields = fields


class MeSerializer(serializers.Serializer[Any]):
    """The person who asks."""

    id = serializers.IntegerField(source="person.pk")
    name = serializers.CharField(source="person.name")
    email = serializers.EmailField(source="person.email")
    login = serializers.CharField(source="person.login")
    is_site_staff = serializers.BooleanField(source="person.is_superuser")
    scopes = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="What the token of this request may do. Null for a browser session.",
    )
